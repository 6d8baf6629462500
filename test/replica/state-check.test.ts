import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import Database from 'better-sqlite3';
import { limits } from '../../src/limits.ts';
import { StateChecker } from '../../src/replica/state-check.ts';
import type { StateCheckResult } from '../../src/replica/state-check.ts';
import { pinTables } from '../../src/storage/table-hashes.ts';
import { mixedLog, openMachine } from '../support/agenda-fixture.ts';
import type { OpenMachine } from '../support/agenda-fixture.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const directory = temporaryDirectory('state-check');
afterAll(directory.remove);

const { entries } = mixedLog();

interface CheckedMachine extends OpenMachine {
  readonly path: string;
  readonly clock: VirtualClock;
  readonly checker: StateChecker;
  /** As the applier does: a batch ends where the machine says. */
  readonly applyThrough: (index: number) => void;
}

async function withChecker(use: (one: CheckedMachine) => Promise<void>): Promise<void> {
  const path = join(mkdtempSync(join(directory.path, 'state-')), 'agenda.db');
  const open = openMachine(path);
  const clock = new VirtualClock();
  const { machine } = open;
  const checker = new StateChecker({
    clock: clock.forProcess().clock,
    state: machine,
    waitForApplied: (index) => Promise.resolve(machine.applied_index >= index),
    pinTables: () => pinTables(path),
  });
  const applyThrough = (index: number): void => {
    while (machine.applied_index < index) {
      const from = machine.applied_index + 1;
      const ends_at = machine.batch_ends_at;
      const through = ends_at === null || ends_at < from ? index : Math.min(index, ends_at);
      machine.apply(entries.slice(from - 1, through));
    }
  };
  try {
    await use({ ...open, path, clock, checker, applyThrough });
  } finally {
    open.close();
  }
}

async function hashesAt(index: number, then_through: number): Promise<StateCheckResult> {
  let result: StateCheckResult = { kind: 'busy' };
  await withChecker(async ({ checker, applyThrough }) => {
    const checking = checker.check({ index, wait_ms: 1_000, with_tables: true });
    applyThrough(then_through);
    result = await checking;
  });
  return result;
}

describe('the state at an index', () => {
  test('is hashed as it was there, whatever is applied in the same turn', async () => {
    const last = entries.length;
    const [stopped, passed_by, end] = [
      await hashesAt(5, 5),
      await hashesAt(5, last),
      await hashesAt(last, last),
    ];
    expect(stopped.kind).toBe('checked');
    expect(passed_by).toEqual(stopped);
    expect(end).not.toEqual(stopped);
  });

  test('a row that was changed behind its back shows in its table, and not in the digest', async () => {
    await withChecker(async ({ checker, applyThrough, path, machine }) => {
      applyThrough(entries.length);
      const question = { index: machine.applied_index, wait_ms: 0, with_tables: true };
      const before = await checker.check(question);
      const database = new Database(path);
      database.prepare("UPDATE users SET display_name = 'forged' WHERE username = 'Ana'").run();
      database.close();
      const after = await checker.check(question);
      if (before.kind !== 'checked' || after.kind !== 'checked') throw new Error('not checked');
      expect(after.digest).toBe(before.digest);
      const differing = after.tables?.filter(
        (table, position) => table.hash !== before.tables?.[position]?.hash,
      );
      expect(differing?.map(({ name }) => name)).toEqual(['users']);
      expect(after.tables?.map(({ name }) => name)).toEqual([
        'appointment_versions',
        'appointments',
        'audit_chain',
        'audit_logs',
        'audit_sources',
        'calendars',
        'earlier_rows',
        'groups',
        'members',
        'notifications',
        'objections',
        'occurrences',
        'participants',
        'posts',
        'proposals',
        'raft_applied',
        'raft_place',
        'tombstones',
        'users',
        'work',
      ]);
    });
  });

  test('is not there in time, or passed', async () => {
    await withChecker(async ({ checker, applyThrough, clock, machine }) => {
      applyThrough(3);
      const waiting = checker.check({ index: 9, wait_ms: 50, with_tables: true });
      const second = checker.check({ index: 3, wait_ms: 50, with_tables: true });
      expect(await second).toEqual({ kind: 'busy' });
      await clock.advance(51);
      expect(await waiting).toEqual({ kind: 'not_reached' });
      expect(machine.batch_ends_at).toBeNull();
      const passed = { index: 2, wait_ms: 50, with_tables: true };
      expect(await checker.check(passed)).toEqual({ kind: 'passed' });
      const digest_of = { wait_ms: 50, with_tables: false };
      expect(await checker.check({ index: 2, ...digest_of })).toEqual({
        kind: 'checked',
        digest: machine.digestAt(2),
        tables: null,
      });
      expect(await checker.check({ index: 9, ...digest_of })).toEqual({ kind: 'not_reached' });
    });
  });

  test('a large table is hashed in slices that give the event loop back', async () => {
    const path = join(mkdtempSync(join(directory.path, 'large-')), 'agenda.db');
    const open = openMachine(path);
    const insert = new Database(path);
    insert.exec(`
      WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < 60000)
      INSERT INTO calendars ("key", owner_key, is_default, version, origin_node, created_at, updated_at)
        SELECT k, k, 0, 1, 'agenda-1', k, k FROM n`);
    insert.close();
    const pinned = pinTables(path);
    let turns = 0;
    let is_done = false;
    const count = (): void => {
      if (is_done) return;
      turns += 1;
      setImmediate(count);
    };
    setImmediate(count);
    const tables = await pinned.hash();
    is_done = true;
    pinned.close();
    open.close();
    expect(tables.find(({ name }) => name === 'calendars')?.rows).toBe(60_000);
    expect(turns).toBeGreaterThan(3);
    expect(limits.table_hash_slice_ms).toBeLessThan(10);
  });
});
