import { parseArgs } from 'node:util';
import { sameMember } from '../consensus/raft/configuration.ts';
import type { Member } from '../consensus/raft/configuration.ts';
import { spareVoters } from './operator/spare-voters.ts';
import type { Surveyed } from './operator/survey.ts';
import { surveyCluster } from './operator/survey.ts';
import type { Survey } from './operator/survey.ts';
import { EXIT_DONE, EXIT_NOT_KNOWN, EXIT_REFUSED } from './operator/run-operator-command.ts';
import { runOperatorCommand } from './operator/run-operator-command.ts';
import type { CliEnvironment } from './operator/settings.ts';
import { formatTable } from './operator/table.ts';

/** All replicas on one screen; the exit code: 1 when one of them does not answer, or nobody leads. */
export async function runStatusCommand(
  words: readonly string[],
  env: CliEnvironment,
): Promise<number> {
  let at: string | undefined;
  try {
    at = parseArgs({ args: [...words], options: { at: { type: 'string' } } }).values.at;
  } catch (error) {
    console.error(`agenda status: ${error instanceof Error ? error.message : String(error)}`);
    return EXIT_NOT_KNOWN;
  }
  return runOperatorCommand('status', env, at, async (client, settings) => {
    const survey = await surveyCluster(client, settings.at);
    console.log(describe(survey));
    const is_whole = survey.replicas.every(({ said }) => said !== null);
    return survey.leader !== null && is_whole ? EXIT_DONE : EXIT_REFUSED;
  });
}

function describe({ leader, configuration, replicas }: Survey): string {
  const reached = replicas.flatMap(({ said }) => (said === null ? [] : [said]));
  const commit_index = Math.max(...reached.map((said) => said.commit_index));
  const contact = (one: Surveyed): string => {
    if (leader === null) return '-';
    if (one.member.node_id === leader.node_id) return '';
    const ms = leader.peers.find((peer) => peer.node_id === one.member.node_id)?.last_contact_ms;
    return ms === undefined || ms === null ? 'never' : `${(ms / 1000).toFixed(1)} s ago`;
  };
  const rows = replicas.map((one) => {
    const { said, member, is_voter, address } = one;
    const votes = is_voter ? 'voter' : configuration === null ? '-' : 'learner';
    const name = [member.node_id, address ?? '-', votes];
    if (said === null) return [...name, 'no answer', '-', '-', '-', '-', contact(one)];
    const { role, term, applied_index } = said;
    const lag = Math.max(0, commit_index - applied_index);
    return [...name, role, term, said.commit_index, applied_index, lag, contact(one)];
  });
  const heading = [
    'replica',
    'address',
    'votes',
    'role',
    'term',
    'committed',
    'applied',
    'lag',
    'heard by the leader',
  ];
  const lines = [formatTable(heading, rows)];
  for (const { said, member, failure } of replicas) {
    if (said === null) lines.push(`  ${member.node_id}: ${failure}`);
  }
  lines.push('', `  ${summary(configuration, leader?.node_id ?? null, reached)}`);
  return lines.join('\n');
}

function summary(
  configuration: Survey['configuration'],
  leader_id: string | null,
  reached: readonly Member[],
): string {
  if (configuration === null) {
    return 'The cluster is not formed yet: not all of its first members have met.';
  }
  const spare = spareVoters(configuration, (voter) =>
    reached.some((one) => sameMember(one, voter)),
  );
  if (spare < 0) {
    return (
      `Writes are refused: ${-spare} more of the voters must come back for a majority. ` +
      'When they never will: docs/operations.md, "A majority is lost".'
    );
  }
  if (leader_id === null) return 'Nobody leads at the moment; an election takes a second or two.';
  return `${leader_id} leads; ${spare} more of the voters may be lost before writes are refused.`;
}
