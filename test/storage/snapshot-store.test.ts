import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, describe, expect, test } from '@jest/globals';
import { must } from '../../src/base/assert.ts';
import type { OutgoingSnapshot } from '../../src/consensus/ports.ts';
import type { SnapshotManifest } from '../../src/consensus/raft/snapshot-manifest.ts';
import { ChangeFeed } from '../../src/replica/change-feed.ts';
import { AgendaStateMachine } from '../../src/replica/state-machine.ts';
import { openAgendaStore } from '../../src/storage/agenda-store.ts';
import type { SqliteAgendaStore } from '../../src/storage/agenda-store.ts';
import { startCheckpointer } from '../../src/storage/checkpointer.ts';
import type { Checkpointer } from '../../src/storage/checkpointer.ts';
import { replaceState } from '../../src/storage/replace-state.ts';
import { SqliteSnapshotStore } from '../../src/storage/snapshot-store.ts';
import { applyAll, dumpTables, mixedLog } from '../support/agenda-fixture.ts';
import { eventually } from '../support/eventually.ts';
import { configurationEntry } from '../support/log-fixtures.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const directory = temporaryDirectory('snapshot-store');
afterAll(directory.remove);

const voter = { node_id: 'agenda-1', storage_id: 's1' };
const CHUNK_BYTES = 1_000;

/** A replica's state with all that hangs on its connection. */
interface Disk {
  readonly path: string;
  readonly agenda_path: string;
  readonly store: SqliteAgendaStore;
  readonly machine: AgendaStateMachine;
  readonly feed: ChangeFeed;
  readonly checkpointer: Checkpointer;
  readonly snapshots: SqliteSnapshotStore;
  close(): Promise<void>;
}

function newDirectory(): string {
  return mkdtempSync(join(directory.path, 'node-'));
}

function openDisk(storage_id: string, path = newDirectory(), unused_ms = 60_000): Disk {
  const agenda_path = join(path, 'agenda.db');
  replaceState(agenda_path);
  const { store } = openAgendaStore({ path: agenda_path, storage_id });
  const start_index = store.readMeta().applied_index;
  const feed = new ChangeFeed({ start_index, onListenerError: () => undefined });
  const machine = new AgendaStateMachine({
    store,
    change_feed: feed,
    observer: { onDecideFailed: () => undefined },
  });
  const checkpointer = startCheckpointer({
    path: agenda_path,
    interval_ms: 20,
    worker_url: new URL('../../dist/storage/checkpoint-worker.js', import.meta.url),
    onFailed: () => undefined,
  });
  const snapshots = new SqliteSnapshotStore({
    directory: join(path, 'snapshots'),
    agenda_path,
    storage_id,
    agenda_store: store,
    checkpointer,
    worker_url: new URL('../../dist/storage/snapshot-worker.js', import.meta.url),
    unused_ms,
  });
  return {
    path,
    agenda_path,
    store,
    machine,
    feed,
    checkpointer,
    snapshots,
    async close() {
      await snapshots.close();
      await checkpointer.stop();
      store.close();
    },
  };
}

/** Entry 1 says who votes; the rest is of all kinds. */
const entries = (() => {
  const log = mixedLog().entries;
  const shifted = log.map((entry) => ({ ...entry, index: entry.index + 1, term: 3 }));
  return [configurationEntry(1, 3, [voter]), ...shifted];
})();

async function sourceDisk(): Promise<Disk> {
  const disk = openDisk('source');
  applyAll(disk.machine, entries);
  return Promise.resolve(disk);
}

async function readAll(snapshot: OutgoingSnapshot): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for (let offset = 0; offset < snapshot.manifest.bytes;) {
    const part = await snapshot.read(offset, CHUNK_BYTES);
    parts.push(part);
    offset += part.length;
  }
  return Buffer.concat(parts);
}

async function fileOf(disk: Disk): Promise<{ manifest: SnapshotManifest; bytes: Buffer }> {
  const snapshot = await disk.snapshots.take(1);
  const bytes = await readAll(snapshot);
  snapshot.release();
  return { manifest: snapshot.manifest, bytes };
}

async function receive(disk: Disk, manifest: SnapshotManifest, bytes: Buffer): Promise<number> {
  const begun_at = await disk.snapshots.receive(manifest);
  for (let offset = begun_at; offset < bytes.length; offset += CHUNK_BYTES) {
    const chunk = bytes.subarray(offset, offset + CHUNK_BYTES);
    await disk.snapshots.append(manifest.snapshot_id, offset, chunk);
  }
  return begun_at;
}

/** All tables but who owns the file. */
function contentOf(path: string): unknown {
  const tables = dumpTables(path);
  const meta = tables['raft_meta']?.map((row) => ({ ...(row as object), storage_id: '' }));
  return { ...tables, raft_meta: meta };
}

describe('scenario 17: a snapshot of agenda.db', () => {
  test('scenario 17: is the state at one index, with the term and the voters there', async () => {
    const source = await sourceDisk();
    const { manifest, bytes } = await fileOf(source);
    expect(manifest.base).toEqual(source.machine.base);
    expect(manifest.base.index).toBe(entries.length);
    expect(manifest.base.term).toBe(3);
    expect(manifest.digest).toBe(source.machine.digest);
    expect(bytes.length).toBe(manifest.bytes);
    expect(bytes.length).toBeLessThan(manifest.state_bytes / 2);
    await source.close();
  });

  test('scenario 17: is put in place, and everything that hangs on the connection goes on from it', async () => {
    const source = await sourceDisk();
    const { manifest, bytes } = await fileOf(source);
    const target = openDisk('target');
    applyAll(target.machine, entries.slice(0, 5));
    const { view } = target.store;
    const reader = view.agendaSnapshot();
    let gaps = 0;
    target.feed.subscribe(
      () => undefined,
      () => {
        gaps += 1;
      },
    );
    expect(await receive(target, manifest, bytes)).toBe(0);
    expect(await target.snapshots.prepare(manifest.snapshot_id)).toBe('ready');
    await target.snapshots.install(manifest.snapshot_id, () => target.machine.reload());
    expect(target.machine.digest).toBe(source.machine.digest);
    expect(target.machine.base).toEqual(source.machine.base);
    expect(target.store.view).toBe(view);
    expect(view.stateTime()).toBe(source.store.view.stateTime());
    expect(gaps).toBe(1);
    expect(target.feed.since(5)).toBe('too_old');
    expect(await target.checkpointer.checkpointNow()).toBe(entries.length);
    reader?.close();
    expect(contentOf(target.agenda_path)).toEqual(contentOf(source.agenda_path));

    const more = mixedLog().entries.map((entry) => ({
      ...entry,
      index: entry.index + entries.length,
      term: 4,
    }));
    for (const { machine } of [source, target]) applyAll(machine, [...entries, ...more]);
    expect(target.machine.digest).toBe(source.machine.digest);
    await target.close();
    await source.close();
    const again = openDisk('target', target.path);
    expect(again.machine.digest).toBe(source.machine.digest);
    expect(again.machine.base?.term).toBe(4);
    expect(readdirSync(join(target.path, 'snapshots'))).toEqual([]);
    await again.close();
  });

  test('scenario 17: one that is damaged is told apart and deleted; then it can be received anew', async () => {
    const source = await sourceDisk();
    const { manifest, bytes } = await fileOf(source);
    const target = openDisk('target');
    const damaged = Buffer.from(bytes);
    damaged[1_000] = (damaged[1_000] ?? 0) ^ 1;
    await receive(target, manifest, damaged);
    expect(await target.snapshots.prepare(manifest.snapshot_id)).toBe('damaged');
    expect(readdirSync(join(target.path, 'snapshots'))).toEqual([]);
    expect(await receive(target, manifest, bytes)).toBe(0);
    expect(await target.snapshots.prepare(manifest.snapshot_id)).toBe('ready');
    await target.close();
    await source.close();
  });

  test('scenario 17: goes on after a restart where it was; another one begins at nothing', async () => {
    const source = await sourceDisk();
    const { manifest, bytes } = await fileOf(source);
    const first = openDisk('target');
    await receive(first, manifest, bytes.subarray(0, 2 * CHUNK_BYTES));
    await first.close();
    const second = openDisk('target', first.path);
    expect(await receive(second, manifest, bytes)).toBe(2 * CHUNK_BYTES);
    expect(await second.snapshots.prepare(manifest.snapshot_id)).toBe('ready');
    const other = { ...manifest, snapshot_id: 'another' };
    expect(await second.snapshots.receive(other)).toBe(0);
    expect(readdirSync(join(first.path, 'snapshots'))).toEqual(['incoming-another.part']);
    await second.close();
    await source.close();
  });

  test('of a newer program is refused', async () => {
    const source = await sourceDisk();
    source.store.close();
    const meddler = new Database(source.agenda_path);
    meddler.pragma('user_version = 99');
    meddler.close();
    const { manifest, bytes } = await fileOf(source);
    const target = openDisk('target');
    await receive(target, manifest, bytes);
    await expect(target.snapshots.prepare(manifest.snapshot_id)).rejects.toThrow();
    await target.close();
    await source.snapshots.close();
    await source.checkpointer.stop();
  });

  test('is shared while it will do, and deleted when nobody wants it', async () => {
    const source = openDisk('source', newDirectory(), 50);
    applyAll(source.machine, entries.slice(0, 5));
    const files = (): string[] => readdirSync(join(source.path, 'snapshots'));
    const [one, other] = await Promise.all([source.snapshots.take(1), source.snapshots.take(1)]);
    expect(one.manifest).toBe(other.manifest);
    expect(files()).toHaveLength(1);
    applyAll(source.machine, entries);
    const later = await source.snapshots.take(6);
    expect(later.manifest.base.index).toBe(entries.length);
    // Two members are still being sent the first.
    expect(files()).toHaveLength(2);
    expect(await readAll(one)).toHaveLength(one.manifest.bytes);
    for (const snapshot of [one, other]) snapshot.release();
    expect(files()).toHaveLength(1);
    later.release();
    await eventually('it is deleted', () => (files().length === 0 ? true : null));
    await source.close();
  });

  test('leftovers are deleted at the start', async () => {
    const path = newDirectory();
    await openDisk('source', path).close();
    for (const name of ['outgoing-1', 'outgoing-1.db', 'incoming-2.db', 'incoming-2.db-wal']) {
      writeFileSync(join(path, 'snapshots', name), '');
    }
    const disk = openDisk('source', path);
    expect(readdirSync(join(path, 'snapshots'))).toEqual([]);
    await disk.close();
  });
});

describe('scenario 17: a crash while a snapshot is put in place', () => {
  /** A replica that was killed with another state prepared: its WAL is full of what it had. */
  async function prepared(): Promise<{ path: string; next: string; digest: string; was: string }> {
    const source = await sourceDisk();
    const { manifest, bytes } = await fileOf(source);
    const target = openDisk('target');
    await receive(target, manifest, bytes);
    await target.snapshots.prepare(manifest.snapshot_id);
    applyAll(target.machine, entries.slice(0, 5));
    const was = target.machine.digest;
    const killed = newDirectory();
    for (const suffix of ['', '-wal', '-shm']) {
      const from = target.agenda_path + suffix;
      copyFileSync(from, join(killed, `agenda.db${suffix}`));
    }
    const next = join(killed, 'agenda.db.next');
    const from = join(target.path, 'snapshots', `incoming-${manifest.snapshot_id}.db`);
    renameSync(from, next);
    await target.close();
    const { digest } = source.machine;
    await source.close();
    return { path: killed, next, digest, was };
  }

  test.each([
    ['before the decision', (at: Prepared) => rmSync(at.next), 'was'],
    ['after the decision', () => undefined, 'digest'],
    ['when the old WAL is gone', (at: Prepared) => rmSync(`${at.path}/agenda.db-wal`), 'digest'],
    [
      'when it has its name',
      (at: Prepared) => {
        for (const suffix of ['-wal', '-shm']) rmSync(`${at.path}/agenda.db${suffix}`);
        renameSync(at.next, `${at.path}/agenda.db`);
      },
      'digest',
    ],
  ] as const)('scenario 17: %s', async (_, crashAt, expected) => {
    const at = await prepared();
    crashAt(at);
    for (let start = 0; start < 2; start += 1) {
      const disk = openDisk('target', at.path);
      expect(disk.machine.digest).toBe(at[expected]);
      expect(existsSync(at.next)).toBe(false);
      expect(must(disk.machine.base, 'a place').term).toBe(3);
      await disk.close();
    }
  });
});

interface Prepared {
  readonly path: string;
  readonly next: string;
}
