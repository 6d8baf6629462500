import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { cluster_secret } from './process-cluster.ts';

const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface CommandEnd {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `agenda …` as an operator would, with the secret of the test's cluster. */
export function agenda(
  words: readonly string[],
  options: { environment?: Record<string, string>; input?: string } = {},
): Promise<CommandEnd> {
  const { environment = { CLUSTER_HMAC_SECRET: cluster_secret }, input } = options;
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [program, ...words],
      { env: { PATH: process.env['PATH'] ?? '', ...environment }, timeout: 120_000 },
      (_error, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr }),
    );
    child.stdin?.end(input ?? '');
  });
}
