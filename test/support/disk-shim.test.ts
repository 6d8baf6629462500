import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { openDatabase } from '../../src/storage/database.ts';
import type { Synchronous } from '../../src/storage/database.ts';
import { compileDiskShim, diskShimEnvironment } from './disk-shim.ts';
import { compiledModule, runScript } from './run-script.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const directory = temporaryDirectory('shim');
afterAll(directory.remove);
const describeWithShim = compileDiskShim() === null ? describe.skip : describe;

interface Paths {
  readonly root: string;
  readonly shadow: string;
  readonly log: string;
}

function newPaths(): Paths {
  const base = mkdtempSync(join(directory.path, 'shim-'));
  const paths = { root: join(base, 'root'), shadow: join(base, 'shadow'), log: join(base, 'log') };
  mkdirSync(paths.root);
  return paths;
}

/** Numbers that a database holds after a power cut; `script` used `database`, at `path`. */
function survivors(synchronous: Synchronous, script: string): unknown[] {
  const paths = newPaths();
  mkdirSync(join(paths.root, 'sub'));
  const ended = runScript(
    `import { openDatabase } from ${compiledModule('storage/database.js')};
     const path = ${JSON.stringify(join(paths.root, 'sub/x.db'))};
     const database = openDatabase({ path, synchronous: '${synchronous}', wal_autocheckpoint_pages: 0 });
     database.exec('CREATE TABLE t (n INTEGER PRIMARY KEY) STRICT; INSERT INTO t VALUES (1)');
     database.pragma('wal_checkpoint(TRUNCATE)');
     ${script}
     process.kill(process.pid, 'SIGKILL');`,
    diskShimEnvironment(paths),
  );
  expect(ended.signal).toBe('SIGKILL');
  const image = openDatabase({ path: join(paths.shadow, 'sub/x.db'), synchronous: 'normal' });
  const numbers = image.prepare('SELECT n FROM t ORDER BY n').pluck().all();
  image.close();
  return numbers;
}

describeWithShim('the shadow is what a power cut leaves', () => {
  const insert = `for (let n = 2; n <= 20; n++) database.prepare('INSERT INTO t VALUES (?)').run(n);`;
  const all = Array.from({ length: 20 }, (_, at) => at + 1);

  test('rows committed with FULL are in it', () => {
    expect(survivors('full', insert)).toEqual(all);
  });

  test('rows committed with NORMAL and never checkpointed are not', () => {
    expect(survivors('normal', insert)).toEqual([1]);
  });

  test('rows committed with NORMAL are in it once they are checkpointed', () => {
    expect(survivors('normal', `${insert} database.pragma('wal_checkpoint(PASSIVE)');`)).toEqual(
      all,
    );
  });

  test('a file is in it as it was at its last sync, until it is unlinked', () => {
    const paths = newPaths();
    const script = (unlink: string): string =>
      `import { openSync, writeSync, fsyncSync, fdatasyncSync, unlinkSync, closeSync } from 'node:fs';
       process.chdir(${JSON.stringify(paths.root)});
       const kept = openSync('kept', 'w');
       writeSync(kept, 'synced'); fsyncSync(kept); writeSync(kept, ' not synced'); closeSync(kept);
       const gone = openSync(${JSON.stringify(join(paths.root, 'gone'))}, 'w+');
       writeSync(gone, 'x'); fdatasyncSync(gone); closeSync(gone);
       ${unlink}`;
    runScript(script(''), diskShimEnvironment(paths));
    expect(readFileSync(join(paths.shadow, 'kept'), 'utf8')).toBe('synced');
    expect(existsSync(join(paths.shadow, 'gone'))).toBe(true);
    expect(readFileSync(paths.log, 'utf8')).toBe('kept\ngone\n');
    runScript(script(`unlinkSync('gone');`), diskShimEnvironment(paths));
    expect(readdirSync(paths.shadow)).toEqual(['kept']);
  });

  test('locks of a synced database are kept: no descriptor of it is closed', () => {
    const paths = newPaths();
    const path = JSON.stringify(join(paths.root, 'x.db'));
    const ended = runScript(
      `import { spawnSync } from 'node:child_process';
       import { openDatabase } from ${compiledModule('storage/database.js')};
       const database = openDatabase({ path: ${path}, synchronous: 'full' });
       database.exec('CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (1)');
       database.pragma('wal_checkpoint(TRUNCATE)');
       database.exec('BEGIN IMMEDIATE');
       const other = spawnSync(process.execPath, ['--input-type=module', '--eval', \`
         import { openDatabase } from ${compiledModule('storage/database.js')};
         const database = openDatabase({ path: ${path}, synchronous: 'full' });
         database.pragma('busy_timeout = 0');
         try { database.exec('BEGIN IMMEDIATE'); console.log('free'); } catch (e) { console.log(e.code); }
       \`], { encoding: 'utf8' });
       process.stdout.write(other.stdout + other.stderr);`,
      diskShimEnvironment(paths),
    );
    expect(ended.stdout.trim()).toBe('SQLITE_BUSY');
  });
});
