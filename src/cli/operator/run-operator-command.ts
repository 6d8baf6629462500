import { CallFailed, OperatorClient } from './client.ts';
import { CommandError, operatorSettings } from './settings.ts';
import type { CliEnvironment, OperatorSettings } from './settings.ts';

/** The exit codes of operators' commands. */
export const EXIT_DONE = 0;
export const EXIT_REFUSED = 1;
export const EXIT_NOT_ASKED = 2;

/**
 * Runs an operator's command with a client; the exit code. What was typed wrong, and what cannot be
 * reached, is one line and {@link EXIT_NOT_ASKED}; what a replica refused, one and {@link EXIT_REFUSED}.
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
      const is_refused = error instanceof CallFailed && error.code !== null;
      return is_refused ? EXIT_REFUSED : EXIT_NOT_ASKED;
    }
    throw error;
  } finally {
    client?.close();
  }
}
