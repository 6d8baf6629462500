import { copyFileSync, mkdtempSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, describe, expect, test } from '@jest/globals';
import { INITIAL_DIGEST } from '../../src/replica/digest-chain.ts';
import { openAgendaStore } from '../../src/storage/agenda-store.ts';
import type { SqliteAgendaStore } from '../../src/storage/agenda-store.ts';
import { startCheckpointer } from '../../src/storage/checkpointer.ts';
import type { Checkpointer } from '../../src/storage/checkpointer.ts';
import { StateCheckpoints } from '../../src/storage/checkpoint.ts';
import { isDatabaseDamaged } from '../../src/storage/database-damaged.ts';
import { STORAGE_ID } from '../support/agenda-fixture.ts';
import { eventually } from '../support/eventually.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const directory = temporaryDirectory('checkpoint');
afterAll(directory.remove);

function newPath(): string {
  return join(mkdtempSync(join(directory.path, 'state-')), 'agenda.db');
}

/** Commits states up to `through`, each with a row of ten kilobytes. */
function commitThrough(store: SqliteAgendaStore, through: number): void {
  for (let index = store.readMeta().applied_index + 1; index <= through; index += 1) {
    store.transaction(() => {
      store.write([
        {
          op: 'insert',
          table: 'audit_logs',
          row: {
            key: index,
            component: 'commands',
            action: 'x'.repeat(10_000),
            actor_key: null,
            object_key: null,
            request_id: '',
            origin_node: '',
            occurred_at: 0,
            level: 'info',
            payload: '{}',
            payload_hash: null,
            count: 1,
            chain: null,
          },
        },
      ]);
      store.writeMeta({ applied_index: index, digest: INITIAL_DIGEST, state_time: 0 });
    });
  }
}

/** What a power cut would leave when nothing of the WAL survives. */
function appliedInFile(path: string): number {
  const copy = newPath();
  copyFileSync(path, copy);
  const database = new Database(copy);
  const applied = database.prepare('SELECT last_applied FROM raft_meta').pluck().get();
  database.close();
  return applied as number;
}

describe('a checkpoint', () => {
  test('what it says is durable is in the file without the WAL', () => {
    const path = newPath();
    const { store } = openAgendaStore({ path, storage_id: STORAGE_ID });
    const checkpoints = new StateCheckpoints({ path });
    for (const through of [1, 20, 21]) {
      commitThrough(store, through);
      expect(checkpoints.run()).toBe(through);
      expect(appliedInFile(path)).toBe(through);
    }
    commitThrough(store, 30);
    expect(appliedInFile(path)).toBe(21);
    checkpoints.close();
    store.close();
  });

  test('claims nothing while a reader keeps frames from being copied', () => {
    const path = newPath();
    const { store } = openAgendaStore({ path, storage_id: STORAGE_ID });
    const checkpoints = new StateCheckpoints({ path, wal_restart_bytes: 1 });
    commitThrough(store, 5);
    const reader = new Database(path, { readonly: true });
    reader.exec('BEGIN');
    reader.prepare('SELECT last_applied FROM raft_meta').get();
    commitThrough(store, 10);
    expect(checkpoints.run()).toBe(0);
    reader.exec('COMMIT');
    expect(checkpoints.run()).toBe(10);
    reader.close();
    checkpoints.close();
    store.close();
  });

  test('keeps the WAL bounded while commits go on', () => {
    const path = newPath();
    const { store } = openAgendaStore({ path, storage_id: STORAGE_ID });
    const wal_restart_bytes = 200_000;
    const checkpoints = new StateCheckpoints({ path, wal_restart_bytes });
    for (let through = 10; through <= 1_000; through += 10) {
      commitThrough(store, through);
      checkpoints.run();
      expect(statSync(`${path}-wal`).size).toBeLessThan(3 * wal_restart_bytes);
    }
    checkpoints.close();
    store.close();
  });

  test('cuts a WAL that grew beyond its bound', () => {
    const path = newPath();
    const { store } = openAgendaStore({ path, storage_id: STORAGE_ID });
    const bounds = { wal_restart_bytes: 100_000, wal_truncate_bytes: 500_000 };
    const checkpoints = new StateCheckpoints({ path, ...bounds });
    commitThrough(store, 200);
    expect(statSync(`${path}-wal`).size).toBeGreaterThan(2_000_000);
    expect(checkpoints.run()).toBe(200);
    expect(statSync(`${path}-wal`).size).toBe(0);
    checkpoints.close();
    store.close();
  });

  test('cuts it later when a reader was in the way, though nothing is written any more', () => {
    const path = newPath();
    const { store } = openAgendaStore({ path, storage_id: STORAGE_ID });
    const checkpoints = new StateCheckpoints({ path, wal_truncate_bytes: 500_000 });
    commitThrough(store, 200);
    const reader = new Database(path, { readonly: true });
    reader.exec('BEGIN');
    reader.prepare('SELECT last_applied FROM raft_meta').get();
    expect(checkpoints.run()).toBe(200);
    expect(statSync(`${path}-wal`).size).toBeGreaterThan(2_000_000);
    reader.exec('COMMIT');
    expect(checkpoints.run()).toBe(200);
    expect(statSync(`${path}-wal`).size).toBe(0);
    reader.close();
    checkpoints.close();
    store.close();
  });
});

describe('the checkpointing thread', () => {
  const worker_url = new URL('../../dist/storage/checkpoint-worker.js', import.meta.url);

  function start(path: string, interval_ms: number, failures: Error[] = []): Checkpointer {
    return startCheckpointer({
      path,
      interval_ms,
      worker_url,
      onFailed: (error) => void failures.push(error),
    });
  }

  test('follows the state by the clock', async () => {
    const path = newPath();
    const { store } = openAgendaStore({ path, storage_id: STORAGE_ID });
    const failures: Error[] = [];
    const checkpointer = start(path, 5, failures);
    expect(checkpointer.durableIndex()).toBe(0);
    for (const through of [3, 50]) {
      commitThrough(store, through);
      await eventually('all is durable', () =>
        checkpointer.durableIndex() === through || failures.length > 0 ? true : null,
      );
      expect(failures).toEqual([]);
      expect(appliedInFile(path)).toBe(through);
    }
    await checkpointer.stop();
    store.close();
  });

  test('checkpoints when asked, and a last time when it is stopped', async () => {
    const path = newPath();
    const { store } = openAgendaStore({ path, storage_id: STORAGE_ID });
    const failures: Error[] = [];
    const checkpointer = start(path, 3_600_000, failures);
    commitThrough(store, 7);
    await expect(checkpointer.checkpointNow()).resolves.toBe(7);
    expect(checkpointer.durableIndex()).toBe(7);
    commitThrough(store, 9);
    await checkpointer.stop();
    await checkpointer.stop();
    expect(checkpointer.durableIndex()).toBe(9);
    await expect(checkpointer.checkpointNow()).rejects.toThrow('stopped');
    expect(failures).toEqual([]);
    store.close();
  });

  test('tells when it ends unasked', async () => {
    const failures: Error[] = [];
    const checkpointer = startCheckpointer({
      path: newPath(),
      interval_ms: 5,
      worker_url: new URL('data:text/javascript,'),
      onFailed: (error) => void failures.push(error),
    });
    await eventually('the failure', () => failures[0] ?? null);
    await expect(checkpointer.checkpointNow()).rejects.toThrow('broke');
    await checkpointer.stop();
    expect(failures).toHaveLength(1);
  });

  test('what SQLite says of a damaged file crosses between the threads, its code and its words', async () => {
    const path = newPath();
    writeFileSync(path, 'no database '.repeat(1_000));
    const failures: Error[] = [];
    const checkpointer = start(path, 5, failures);
    const failure = await eventually('the failure', () => failures[0] ?? null);
    await checkpointer.stop();
    expect(isDatabaseDamaged(failure)).toBe(true);
    expect(failure.cause).toMatchObject({ message: 'file is not a database' });
  });

  test('tells when it breaks', async () => {
    const failures: Error[] = [];
    const checkpointer = start(join(directory.path, 'missing', 'agenda.db'), 5, failures);
    await eventually('the failure', () => failures[0] ?? null);
    await expect(checkpointer.checkpointNow()).rejects.toThrow('broke');
    await checkpointer.stop();
  });
});
