import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { must } from '../../src/base/assert.ts';
import { openDataDirectory } from '../../src/storage/data-directory.ts';
import type { DataDirectory } from '../../src/storage/data-directory.ts';
import { compiledModule } from '../support/run-script.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const directory = temporaryDirectory('data-directory');
afterAll(directory.remove);

function opened(path: string): DataDirectory {
  const result = openDataDirectory(path);
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

test('it is made with its parents, for its owner only', () => {
  const path = join(directory.path, 'a/b/c');
  const data = opened(path);
  expect(statSync(path).mode & 0o777).toBe(0o700);
  expect(data).toMatchObject({
    path,
    raft_path: join(path, 'raft.db'),
    agenda_path: join(path, 'agenda.db'),
    node_path: join(path, 'node.db'),
  });
  data.release();
});

test('it is held until it is released', () => {
  const path = join(directory.path, 'held');
  const data = opened(path);
  expect(openDataDirectory(path)).toEqual({
    ok: false,
    error: { kind: 'in_use', message: `${path} is in use by another process` },
  });
  data.release();
  opened(path).release();
});

test('another process cannot have it; after its SIGKILL it is free', async () => {
  const path = join(directory.path, 'killed');
  const holder = spawn(process.execPath, [
    '--input-type=module',
    '--eval',
    `import { openDataDirectory } from ${compiledModule('storage/data-directory.js')};
     console.log(openDataDirectory(${JSON.stringify(path)}).ok);
     setInterval(() => {}, 1_000);`,
  ]);
  const exited = once(holder, 'exit');
  const [said] = (await once(must(holder.stdout, 'piped'), 'data')) as [Buffer];
  expect(said.toString()).toBe('true\n');
  expect(openDataDirectory(path)).toMatchObject({ ok: false, error: { kind: 'in_use' } });
  holder.kill('SIGKILL');
  await exited;
  opened(path).release();
});

test('what cannot be a directory is refused with the reason', () => {
  const file = join(directory.path, 'file');
  writeFileSync(file, '');
  expect(openDataDirectory(join(file, 'data'))).toMatchObject({
    ok: false,
    error: { kind: 'unusable', message: expect.stringContaining('ENOTDIR') },
  });
});
