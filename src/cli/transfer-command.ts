import { parseArgs } from 'node:util';
import { TRANSFER_PATH, transfer_answer } from '../discovery/operations/wire.ts';
import { limits } from '../limits.ts';
import { callLeader } from './operator/call-leader.ts';
import { EXIT_DONE, EXIT_NOT_KNOWN, runOperatorCommand } from './operator/run-operator-command.ts';
import type { CliEnvironment } from './operator/settings.ts';

/** Hands leadership to the replica that is named, or to the best one; the exit code. */
export async function runTransferCommand(
  words: readonly string[],
  env: CliEnvironment,
): Promise<number> {
  let at: string | undefined;
  let to: string | undefined;
  try {
    const parsed = parseArgs({
      args: [...words],
      options: { at: { type: 'string' } },
      allowPositionals: true,
    });
    if (parsed.positionals.length > 1) throw new Error('it should be one NODE_ID, or none');
    at = parsed.values.at;
    [to] = parsed.positionals;
  } catch (error) {
    console.error(`agenda transfer: ${error instanceof Error ? error.message : String(error)}`);
    return EXIT_NOT_KNOWN;
  }
  return runOperatorCommand('transfer', env, at, async (client, settings) => {
    const { leader_id } = await callLeader(
      client,
      settings.at,
      TRANSFER_PATH,
      { to: to ?? null },
      transfer_answer,
      limits.transfer_timeout_ms * 2,
    );
    console.log(`${leader_id ?? 'Another replica'} leads.`);
    return EXIT_DONE;
  });
}
