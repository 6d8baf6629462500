import { CallFailed, OperatorClient } from './client.ts';
import { CommandError, operatorSettings } from './settings.ts';
import type { CliEnvironment, OperatorSettings } from './settings.ts';

/** The exit codes of operators' commands. */
export const EXIT_DONE = 0;
export const EXIT_REFUSED = 1;
export const EXIT_NOT_KNOWN = 2;

/** Problems that say that something was begun, and not what became of it. */
const OUTCOMES_NOT_KNOWN: readonly string[] = ['outcome_unknown', 'timed_out', 'internal_error'];

/**
 * Runs an operator's command with a client; the exit code. What was typed wrong, what cannot be reached,
 * and what became of it not being known, is one line and {@link EXIT_NOT_KNOWN}; what a replica refused,
 * one and {@link EXIT_REFUSED}.
 */
export async function runOperatorCommand(
  name: string,
  env: CliEnvironment,
  at: string | undefined,
  command: (client: OperatorClient, settings: OperatorSettings) => Promise<number>,
): Promise<number> {
  let client: OperatorClient | null = null;
  try {
    const settings = operatorSettings(env, at);
    client = new OperatorClient(settings);
    return await command(client, settings);
  } catch (error) {
    if (error instanceof CommandError || error instanceof CallFailed) {
      console.error(`agenda ${name}: ${error.message}`);
      const code = error instanceof CallFailed ? error.code : null;
      return code === null || OUTCOMES_NOT_KNOWN.includes(code) ? EXIT_NOT_KNOWN : EXIT_REFUSED;
    }
    throw error;
  } finally {
    client?.close();
  }
}
