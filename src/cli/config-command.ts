import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { ConfigError } from '../config-error.ts';
import { loadConfig } from '../config.ts';
import { describeConfig } from '../describe-config.ts';

/** Prints what the environment configures; the exit code. */
export function runConfigCommand(env: Readonly<Record<string, string | undefined>>): number {
  try {
    const config = loadConfig({
      env,
      host_name: hostname(),
      readFile: (path) => readFileSync(path, 'utf8'),
    });
    console.log(describeConfig(config));
    return 0;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.error(error.message);
    return 2;
  }
}
