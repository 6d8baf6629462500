import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { must } from '../../src/base/assert.ts';
import { ProcessCluster } from './process-cluster.ts';

const run = promisify(execFile);
const page = readFileSync(new URL('../../docs/api.md', import.meta.url), 'utf8');

let cluster: ProcessCluster;

beforeAll(async () => {
  cluster = await ProcessCluster.create({ size: 3 });
  cluster.startAll();
}, 120_000);
afterAll(() => cluster.dispose(), 60_000);

/** All blocks of the chapter, one after the other. */
function script(): string {
  const chapter = must(/^## A session with curl\n([^]*?)\n## /m.exec(page)?.[1], 'no such chapter');
  return [...chapter.matchAll(/```sh\n([^]*?)```/g)].map((block) => block[1]).join('\n');
}

test('docs/api.md: the session with curl goes as it is written, at a follower', async () => {
  const leader = await cluster.awaitLeader();
  const follower = must(
    cluster.positions.find((position) => position !== leader),
    'no follower',
  );
  const commands = script().replace('http://127.0.0.1:8080', cluster.origin(follower));
  expect(commands).toContain(cluster.origin(follower));
  const { stdout } = await run('bash', ['-c', `set -euo pipefail\n${commands}`]);
  const expected = [...commands.matchAll(/# prints: (.*)$/gm)].map((match) => match[1]);
  expect(expected).toHaveLength(6);
  expect(stdout.trim().split('\n')).toEqual(expected);
});
