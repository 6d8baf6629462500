import { parseArgs } from 'node:util';
import { MEMBERS_PATH, members_answer, members_request } from '../discovery/operations/wire.ts';
import type { MembersAnswer, MembersRequest } from '../discovery/operations/wire.ts';
import { limits } from '../limits.ts';
import { callLeader } from './operator/call-leader.ts';
import { EXIT_DONE, EXIT_NOT_KNOWN, runOperatorCommand } from './operator/run-operator-command.ts';
import { CommandError } from './operator/settings.ts';
import type { CliEnvironment } from './operator/settings.ts';
import { formatTable } from './operator/table.ts';

const USAGE = `it should be one of:
  agenda member list
  agenda member add NODE_ID…          (they run already, with the discovery of this cluster)
  agenda member remove NODE_ID…
  agenda member promote NODE_ID…      (a learner votes)
  agenda member demote NODE_ID…       (a voter learns only)
  agenda member replace OLD NEW
  agenda member target NUMBER         (how many should vote)`;

const DEMOTED =
  'No more are wanted than vote now: who was demoted would be promoted again, and nobody else is ' +
  'either. `agenda member target NUMBER` says how many should vote again.';

/** Shows or changes who the members are; the exit code. */
export async function runMemberCommand(
  words: readonly string[],
  env: CliEnvironment,
): Promise<number> {
  let at: string | undefined;
  let request: MembersRequest | null;
  try {
    const { values, positionals } = parseArgs({
      args: [...words],
      options: { at: { type: 'string' } },
      allowPositionals: true,
    });
    at = values.at;
    request = requestOf(positionals);
  } catch (error) {
    console.error(`agenda member: ${error instanceof Error ? error.message : String(error)}`);
    return EXIT_NOT_KNOWN;
  }
  return runOperatorCommand('member', env, at, async (client, settings) => {
    const answer =
      request === null
        ? await client.get(
            settings.at,
            await client.inspect(settings.at),
            MEMBERS_PATH,
            members_answer,
          )
        : await callLeader(
            client,
            settings.at,
            MEMBERS_PATH,
            request,
            members_answer,
            limits.members_change_timeout_ms * 2,
          );
    console.log(describe(answer));
    if (request?.demote !== undefined) console.log(`  ${DEMOTED}`);
    return EXIT_DONE;
  });
}

/** Null: to list. */
function requestOf([verb, ...names]: readonly string[]): MembersRequest | null {
  if (verb === 'list' && names.length === 0) return null;
  const fields = fieldsOf(verb, names);
  if (fields === null) throw new CommandError(USAGE);
  const parsed = members_request.safeParse(fields);
  if (!parsed.success) {
    throw new CommandError(`'${names.join(' ')}' is not what ${String(verb)} takes; ${USAGE}`);
  }
  return parsed.data;
}

function fieldsOf(verb: string | undefined, names: readonly string[]): object | null {
  switch (verb) {
    case 'add':
    case 'remove':
    case 'promote':
    case 'demote':
      return names.length === 0 ? null : { [verb]: names };
    case 'replace':
      return names.length === 2 ? { replace: [{ old: names[0], new: names[1] }] } : null;
    case 'target':
      return names.length === 1 ? { voters_wanted: Number(names[0]) } : null;
    case undefined:
    default:
      return null;
  }
}

function describe({ configuration, others }: MembersAnswer): string {
  const { voters, outgoing_voters, learners, voters_wanted } = configuration;
  const rowsOf = (members: MembersAnswer['others'], what: string) =>
    members.map(({ node_id, storage_id }) => [node_id, what, storage_id]);
  const rows = [
    ...rowsOf(voters, 'voter'),
    ...rowsOf(outgoing_voters, 'voter until the change under way has ended'),
    ...rowsOf(learners, 'learner'),
    ...rowsOf(others, 'no member: runs, and could be added'),
  ];
  const wanted =
    voters_wanted === voters.length
      ? `${voters_wanted} voters, as many as are wanted.`
      : `${voters.length} voters; ${voters_wanted} are wanted.`;
  return [formatTable(['replica', '', 'storage'], rows), '', `  ${wanted}`].join('\n');
}
