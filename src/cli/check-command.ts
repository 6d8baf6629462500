import { parseArgs } from 'node:util';
import { unreachable } from '../base/assert.ts';
import { checkReplicas } from './check/check-replicas.ts';
import { describeCheck } from './check/describe-check.ts';
import { verdictOf } from './check/verdict.ts';
import { EXIT_DONE, EXIT_NOT_KNOWN, EXIT_REFUSED } from './operator/run-operator-command.ts';
import { runOperatorCommand } from './operator/run-operator-command.ts';
import type { CliEnvironment } from './operator/settings.ts';

/** Compares the states of all replicas; the exit code: 0 equal, 1 they differ, 2 it cannot be told. */
export async function runCheckCommand(
  words: readonly string[],
  env: CliEnvironment,
): Promise<number> {
  let values: { at?: string; deep: boolean };
  try {
    values = parseArgs({
      args: [...words],
      options: { at: { type: 'string' }, deep: { type: 'boolean', default: false } },
    }).values;
  } catch (error) {
    console.error(`agenda check: ${error instanceof Error ? error.message : String(error)}`);
    return EXIT_NOT_KNOWN;
  }
  const with_tables = values.deep;
  return runOperatorCommand('check', env, values.at, async (client, { at }) => {
    const checked = await checkReplicas(client, at, with_tables);
    const verdict = verdictOf(checked);
    console.log(describeCheck(checked, verdict));
    switch (verdict.kind) {
      case 'equal':
        return EXIT_DONE;
      case 'differ':
        return EXIT_REFUSED;
      case 'unknown':
        return EXIT_NOT_KNOWN;
      default:
        return unreachable(verdict);
    }
  });
}
