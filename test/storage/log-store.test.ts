import { mkdtempSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, describe, expect, test } from '@jest/globals';
import { LogCorruptError } from '../../src/consensus/log-corrupt-error.ts';
import { LogDatabase } from '../../src/storage/log-database.ts';
import { openLogStore } from '../../src/storage/log-store.ts';
import type { OpenedLogStore } from '../../src/storage/log-store.ts';
import { describeLogStore } from '../conformance/log-store.ts';
import { compileDiskShim, diskShimEnvironment } from '../support/disk-shim.ts';
import { commandEntries, commandEntry, enterTerm, persist } from '../support/log-fixtures.ts';
import { compiledModule, runScript } from '../support/run-script.ts';
import { eventually } from '../support/eventually.ts';
import { canMountSmallDisks, mountSmallDisk } from '../support/small-disk.ts';
import type { SmallDisk } from '../support/small-disk.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const directory = temporaryDirectory('log-store');
afterAll(directory.remove);

const group_id = 'main';

function newDirectory(): string {
  return mkdtempSync(join(directory.path, 'log-'));
}

function openCompiled(path: string): Promise<OpenedLogStore> {
  const worker_url = new URL('../../dist/storage/log-worker.js', import.meta.url);
  return openLogStore({ path, group_id, worker_url });
}

describeLogStore('raft.db behind its thread', async () => {
  const path = join(newDirectory(), 'raft.db');
  let opened = await openCompiled(path);
  return {
    store: opened.store,
    async reopen() {
      await opened.close();
      opened = await openCompiled(path);
      return opened.store;
    },
    cleanUp: () => opened.close(),
  };
});

test('the identity is read and written through the thread', async () => {
  const path = join(newDirectory(), 'raft.db');
  const first = await openCompiled(path);
  const { storage_id } = await first.identity.read();
  await first.identity.setPromise('promised');
  await first.identity.setClusterId('cluster');
  await first.close();
  const second = await openCompiled(path);
  expect(await second.identity.read()).toEqual({
    storage_id,
    cluster_id: 'cluster',
    promise: 'promised',
  });
  await second.identity.setPromise(null);
  expect((await second.identity.read()).promise).toBeNull();
  await expect(second.identity.setClusterId('another')).rejects.toThrow('another cluster');
  await second.close();
});

test('a damaged entry is an error for who reads it, and for nobody else', async () => {
  const path = join(newDirectory(), 'raft.db');
  const log = new LogDatabase({ path, group_id });
  log.write([enterTerm(1, { entries: commandEntries(1, 5, 1) })]);
  log.close();
  const database = new Database(path);
  database.exec("UPDATE raft_log SET command = x'00' WHERE idx = 3");
  database.close();

  const opened = await openCompiled(path);
  const { store } = opened;
  const loading = store.load();
  const reading = store.read(3, 5, 1_000_000);
  const writing = store.write([persist({ entries: [commandEntry(6, 1)] })]);
  expect((await loading).damaged).toEqual([3]);
  await expect(reading).rejects.toBeInstanceOf(LogCorruptError);
  await expect(reading).rejects.toMatchObject({ index: 3 });
  await writing;
  expect(await store.read(1, 6, 1_000_000)).toHaveLength(2);
  expect(await store.inspect(3)).toMatchObject({ what: 'checksum does not match' });
  await store.repair([commandEntry(3, 1)]);
  expect(await store.inspect(3)).toBeNull();
  expect(await store.read(1, 6, 1_000_000)).toHaveLength(6);
  await opened.close();
});

test('a database that cannot be opened is a rejection that says why', async () => {
  const missing = join(newDirectory(), 'absent', 'raft.db');
  await expect(openCompiled(missing)).rejects.toThrow('directory does not exist');
  const newer = join(newDirectory(), 'raft.db');
  new LogDatabase({ path: newer, group_id }).close();
  const database = new Database(newer);
  database.pragma('user_version = 99');
  database.close();
  await expect(openCompiled(newer)).rejects.toThrow('schema version 99');
});

test('a thread that cannot start rejects', async () => {
  const worker_url = new URL('./no-such-worker.js', import.meta.url);
  const path = join(newDirectory(), 'raft.db');
  await expect(openLogStore({ path, group_id, worker_url })).rejects.toThrow('log thread');
});

const describeWithShim = compileDiskShim() === null ? describe.skip : describe;

describeWithShim('on a disk that is watched', () => {
  test('all that was acknowledged survives a power cut; writes in flight share fsyncs', () => {
    const base = newDirectory();
    const paths = {
      root: join(base, 'root'),
      shadow: join(base, 'shadow'),
      log: join(base, 'log'),
    };
    mkdirSync(paths.root);
    const ended = runScript(
      `import { writeSync } from 'node:fs';
       import { openLogStore } from ${compiledModule('storage/log-store.js')};
       import { sealEntry } from ${compiledModule('consensus/raft/seal-entry.js')};
       const { store } = await openLogStore({ path: ${JSON.stringify(join(paths.root, 'raft.db'))}, group_id: 'main' });
       const persist = (changes) => ({ kind: 'persist', write_id: 1, hard_state: null, truncate_from: null, base: null, entries: [], commit_index: 0, ...changes });
       await store.write([persist({ hard_state: { term: 1, voted_for: null } })]);
       let acknowledged = 0;
       for (let index = 1; index <= 2_000; index++) {
         const entry = sealEntry({ index, term: 1, kind: 'command', request_id: 'r', payload: Buffer.alloc(300, index) });
         store.write([persist({ entries: [entry] })]).then(() => {
           acknowledged += 1;
           if (acknowledged !== 1_000) return;
           writeSync(1, String(acknowledged));
           process.kill(process.pid, 'SIGKILL');
         });
       }
       await new Promise(() => {});`,
      diskShimEnvironment(paths),
    );
    expect(ended).toMatchObject({ signal: 'SIGKILL', stdout: '1000' });
    const image = new LogDatabase({ path: join(paths.shadow, 'raft.db'), group_id });
    expect(image.load().last_index).toBeGreaterThanOrEqual(1_000);
    image.close();
    const syncs = readFileSync(paths.log, 'utf8').trim().split('\n').length;
    expect(syncs).toBeLessThan(500);
  });
});

(canMountSmallDisks() ? describe : describe.skip)('on a disk without space', () => {
  const path = newDirectory();
  let disk: SmallDisk | null = null;
  afterAll(() => disk?.unmount());

  test('writes wait and are done when there is space; until then nothing is promised; closing ends the wait', async () => {
    disk = mountSmallDisk(path, 8);
    const events: boolean[] = [];
    const raft_path = join(path, 'raft.db');
    const worker_url = new URL('../../dist/storage/log-worker.js', import.meta.url);
    const onDiskFull = (is_full: boolean): void => void events.push(is_full);
    const opened = await openLogStore({ path: raft_path, group_id, worker_url, onDiskFull });
    const { store } = opened;
    await store.write([enterTerm(1, { entries: commandEntries(1, 3, 1) })]);
    disk.fill();
    let written = 0;
    const writing: Promise<void>[] = [];
    for (let index = 4; index <= 40; index += 1) {
      const entries = [commandEntry(index, 1, 20_000)];
      writing.push(store.write([persist({ entries })]).then(() => void (written += 1)));
    }
    await eventually('it is full', () => (events.length > 0 ? true : null));
    expect(events).toEqual([true]);
    const promised = written;
    expect(promised).toBeLessThan(37);
    // Nothing of what was not promised is there, whoever looks.
    const other = new Database(raft_path, { readonly: true });
    expect(other.prepare('SELECT max(idx) FROM raft_log').pluck().get()).toBe(3 + promised);
    other.close();
    disk.clear();
    await Promise.all(writing);
    expect((await store.load()).last_index).toBe(40);
    await eventually('it is no longer full', () => (events.at(-1) === false ? true : null));

    disk.fill();
    const waiting = store.write([persist({ entries: commandEntries(41, 80, 1, 20_000) })]);
    const refused = expect(waiting).rejects.toThrow('no space');
    await eventually('it is full again', () => (events.at(-1) === true ? true : null));
    await opened.close();
    await refused;
    disk.clear();
    const again = await openCompiled(raft_path);
    expect((await again.store.load()).last_index).toBe(40);
    await again.close();
  });
});
