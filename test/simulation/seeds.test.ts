import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';

const root = join(import.meta.dirname, '../..');

/** In a process of its own, as `npm run simulate` does: within the test runner it takes three times as long. */
test('three hundred seeds on 3, 5 and 7 replicas hold', async () => {
  const words = [join(root, 'scripts/simulate.mjs'), '--seeds', '1..300'];
  const run = await promisify(execFile)(process.execPath, words, {
    maxBuffer: 64 * 1024 * 1024,
  }).catch((error: { stdout: string; stderr: string }) => error);
  expect(run.stdout).toContain('300 seeds');
  for (const size of [3, 5, 7]) expect(run.stdout).toContain(`with ${size} replicas`);
  expect(run.stdout).toContain('Everything held.');
  console.log(run.stdout);
}, 1_500_000);
