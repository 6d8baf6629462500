import { existsSync, mkdtempSync, statSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, describe, expect, test } from '@jest/globals';
import { seededPrng } from '../../src/base/prng.ts';
import { table_columns } from '../../src/agenda/change.ts';
import type { RowChange } from '../../src/agenda/change.ts';
import type { Appointment, Calendar, Key, User } from '../../src/agenda/model.ts';
import { INITIAL_DIGEST } from '../../src/replica/digest-chain.ts';
import { openAgendaStore } from '../../src/storage/agenda-store.ts';
import type { SqliteAgendaStore } from '../../src/storage/agenda-store.ts';
import { range_queries } from '../../src/storage/range-queries.ts';
import { DAY_MS, HOUR_MS, MIDNIGHT, STORAGE_ID } from '../support/agenda-fixture.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const directory = temporaryDirectory('agenda-store');
afterAll(directory.remove);

function newPath(): string {
  return join(mkdtempSync(join(directory.path, 'store-')), 'agenda.db');
}

function opened<T>(use: (store: SqliteAgendaStore, path: string) => T): T {
  const path = newPath();
  const { store } = openAgendaStore({ path, storage_id: STORAGE_ID });
  try {
    return use(store, path);
  } finally {
    store.close();
  }
}

const ana: User = {
  key: 4096,
  username: 'Ana',
  username_folded: 'ana',
  email: 'Ana@example.org',
  email_folded: 'ana@example.org',
  display_name: 'Ana 😀',
  password_hash: 'hash',
  token_version: 3,
  token_version_index: 2,
  time_zone: 'Europe/Madrid',
  locale: 'es',
  share_busy: true,
  version: 5,
  origin_node: 'agenda-1',
  created_at: 6,
  updated_at: 7,
};

const calendar: Calendar = {
  key: 4097,
  owner_key: ana.key,
  is_default: true,
  version: 1,
  origin_node: 'agenda-1',
  created_at: 2,
  updated_at: 3,
};

const appointment: Appointment = {
  key: 8192,
  owner_key: ana.key,
  calendar_key: calendar.key,
  uid: null,
  title: 'Title',
  description: 'Description',
  start: MIDNIGHT,
  end: MIDNIGHT + HOUR_MS,
  all_day: false,
  time_zone: 'Europe/Madrid',
  privacy: 'freebusy',
  busy: true,
  status: 'accepted',
  sequence: 4,
  version: 5,
  changed_index: 6,
  origin_node: 'agenda-1',
  created_at: 8,
  updated_at: 9,
};

/** An appointment with its occurrence on Ana's agenda. */
function booked(changes: Partial<Appointment>, person_key: Key = ana.key): RowChange[] {
  const row = { ...appointment, ...changes };
  const { start, end, busy, key: appointment_key } = row;
  return [
    { op: 'insert', table: 'appointments', row },
    { op: 'insert', table: 'occurrences', row: { person_key, start, end, appointment_key, busy } },
  ];
}

function write(store: SqliteAgendaStore, changes: readonly RowChange[]): void {
  store.transaction(() => store.write(changes));
}

describe('rows', () => {
  test('come back as they were written, whole', () => {
    opened((store) => {
      const { view } = store;
      expect(view.userByKey(ana.key)).toBeNull();
      expect(view.appointmentByKey(appointment.key)).toBeNull();
      const second: Calendar = { ...calendar, key: 4098, is_default: false };
      write(store, [
        { op: 'insert', table: 'users', row: ana },
        { op: 'insert', table: 'calendars', row: second },
        { op: 'insert', table: 'calendars', row: calendar },
        ...booked({}),
      ]);
      expect(view.userByKey(ana.key)).toEqual(ana);
      expect(view.userByFoldedUsername('ana')).toEqual(ana);
      expect(view.userByFoldedUsername('Ana')).toBeNull();
      expect(view.userByFoldedEmail('ana@example.org')).toEqual(ana);
      expect(view.calendarByKey(4098)).toEqual(second);
      expect(view.defaultCalendarOf(ana.key)).toEqual(calendar);
      expect(view.appointmentByKey(8192)).toEqual(appointment);
      expect(view.agendaOf(ana.key, MIDNIGHT, MIDNIGHT + 1, 10)).toEqual([appointment]);
    });
  });

  test('every table has exactly the columns of its rows', () => {
    opened((_, path) => {
      const database = new Database(path, { readonly: true });
      for (const [table, columns] of Object.entries(table_columns)) {
        const found = database.pragma(`table_info(${table})`) as { name: string }[];
        expect(found.map((column) => column.name)).toEqual(columns);
      }
      const strict = database.pragma('table_list') as { name: string; strict: number }[];
      const ours = strict.filter((table) => !table.name.startsWith('sqlite_'));
      expect(ours.filter((table) => table.strict === 0)).toEqual([]);
      database.close();
    });
  });

  test('an update replaces the row, in the caches too', () => {
    opened((store) => {
      write(store, [
        { op: 'insert', table: 'users', row: ana },
        { op: 'insert', table: 'calendars', row: calendar },
        ...booked({ uid: 'imported' }),
      ]);
      expect(store.view.userByKey(ana.key)).toEqual(ana);
      expect(store.view.defaultCalendarOf(ana.key)).toEqual(calendar);
      const later = { ...ana, token_version: 4, share_busy: false };
      const later_calendar = { ...calendar, version: 2 };
      const moved: Appointment = { ...appointment, title: 'Other', all_day: true };
      write(store, [
        { op: 'update', table: 'users', row: later },
        { op: 'update', table: 'calendars', row: later_calendar },
        { op: 'update', table: 'appointments', row: moved },
      ]);
      expect(store.view.userByKey(ana.key)).toEqual(later);
      expect(store.view.defaultCalendarOf(ana.key)).toEqual(later_calendar);
      expect(store.view.appointmentByKey(appointment.key)).toEqual(moved);
    });
  });

  test('an update of a row that is not there is a defect', () => {
    opened((store) => {
      const update = (): void => write(store, [{ op: 'update', table: 'users', row: ana }]);
      expect(update).toThrow('no such row');
    });
  });

  test('what is rolled back was never read', () => {
    opened((store) => {
      write(store, [{ op: 'insert', table: 'users', row: ana }]);
      expect(() =>
        store.transaction(() => {
          store.write([
            { op: 'update', table: 'users', row: { ...ana, token_version: 9 } },
            { op: 'insert', table: 'calendars', row: calendar },
          ]);
          expect(store.view.userByKey(ana.key)?.token_version).toBe(9);
          expect(store.view.defaultCalendarOf(ana.key)).toEqual(calendar);
          throw new Error('rolled back');
        }),
      ).toThrow('rolled back');
      expect(store.view.userByKey(ana.key)?.token_version).toBe(3);
      expect(store.view.defaultCalendarOf(ana.key)).toBeNull();
    });
  });

  test('are written in a transaction only', () => {
    opened((store) => {
      const row_change = { op: 'insert', table: 'users', row: ana } as const;
      expect(() => store.write([row_change])).toThrow('in a transaction');
      const meta = { applied_index: 1, digest: INITIAL_DIGEST, state_time: 1 };
      expect(() => store.writeMeta(meta)).toThrow('goes with the state');
    });
  });

  test('what fails on every replica is told from a failing disk', () => {
    opened((store) => {
      const errors: unknown[] = [];
      const bad: unknown[] = [{ ...ana, username: null }, { ...ana, version: 1.5 }, { key: {} }];
      for (const row of bad) {
        try {
          write(store, [{ op: 'insert', table: 'users', row: row as User }]);
        } catch (error) {
          errors.push(error);
        }
      }
      expect(errors).toHaveLength(3);
      expect(errors.map((error) => store.isStorageFailure(error))).toEqual([false, false, false]);
      const disk_full = new Database.SqliteError('database or disk is full', 'SQLITE_FULL');
      expect(store.isStorageFailure(disk_full)).toBe(true);
    });
  });
});

describe('range reads', () => {
  const lengths_ms = [1, HOUR_MS, DAY_MS - 1, DAY_MS, DAY_MS + 1, 40 * DAY_MS];

  test('give what overlaps, by start then key, as a plain search does', () => {
    opened((store) => {
      const prng = seededPrng(7);
      const all: Appointment[] = [];
      for (let key = 1; key <= 400; key += 1) {
        const start = MIDNIGHT + prng.below(60 * 24) * HOUR_MS;
        const end = start + (lengths_ms[prng.below(lengths_ms.length)] ?? 1);
        const status = prng.below(10) === 0 ? 'cancelled' : 'accepted';
        all.push({ ...appointment, key, start, end, busy: prng.below(3) > 0, status });
      }
      write(
        store,
        all.flatMap((one) => booked(one)),
      );
      write(store, booked({ key: 1_000, start: MIDNIGHT, end: MIDNIGHT + 90 * DAY_MS }, 77));
      all.sort((one, other) => one.start - other.start || one.key - other.key);
      for (let round = 0; round < 300; round += 1) {
        const start = MIDNIGHT + (prng.below(70 * 24) - 100) * HOUR_MS;
        const end = start + 1 + prng.below(10 * 24) * HOUR_MS;
        const limit = 1 + prng.below(40);
        const expected = all
          .filter((one) => one.start < end && one.end > start)
          .filter((one) => one.status !== 'cancelled');
        expect(store.view.agendaOf(ana.key, start, end, limit)).toEqual(expected.slice(0, limit));
        const busy = expected.filter((one) => one.busy).map((one) => one.key);
        expect(store.view.busyOverlapping(ana.key, start, end, limit)).toEqual(
          busy.slice(0, limit),
        );
      }
    });
  });

  test('touching ends do not overlap', () => {
    opened((store) => {
      write(store, booked({ start: MIDNIGHT, end: MIDNIGHT + HOUR_MS }));
      write(store, booked({ key: 8193, start: MIDNIGHT - 2 * DAY_MS, end: MIDNIGHT }));
      const busy = (start: number, end: number): readonly Key[] =>
        store.view.busyOverlapping(ana.key, MIDNIGHT + start, MIDNIGHT + end, 10);
      expect(busy(HOUR_MS, 2 * HOUR_MS)).toEqual([]);
      expect(busy(HOUR_MS - 1, 2 * HOUR_MS)).toEqual([8192]);
      expect(busy(-HOUR_MS, 0)).toEqual([8193]);
      expect(busy(-2 * DAY_MS - 1, -2 * DAY_MS)).toEqual([]);
      expect(busy(-1, 1)).toEqual([8193, 8192]);
    });
  });

  test.each(Object.entries(range_queries))(
    'the plan of %s looks at a day before the range, and at long ones that have not ended',
    (_, sql) => {
      opened((__, path) => {
        const database = new Database(path, { readonly: true });
        const parameters = { person_key: 1, start: 1, end: 2, limit: 3 };
        const plan = (
          database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(parameters) as { detail: string }[]
        ).map((row) => row.detail);
        database.close();
        // `USING PRIMARY KEY` with a lower bound, or the index of the long ones; never a whole table.
        const searches = plan.filter((detail) => /\b(SCAN|SEARCH) o\b/.test(detail));
        expect(searches.length).toBeGreaterThanOrEqual(1);
        for (const detail of searches) {
          expect(detail).toMatch(
            /PRIMARY KEY \(person_key=\? AND start>\? AND start<\?\)|INDEX occurrences_long \(person_key=\? AND end>\?\)/,
          );
        }
        expect(plan.filter((detail) => detail.includes('SCAN'))).toEqual(
          plan.filter((detail) => detail === 'SCAN CONSTANT ROW'),
        );
      });
    },
  );

  test('no plan is made anew for the value of a limit', () => {
    // See `range-queries.ts`: a bare `LIMIT @limit` costs twenty times as much.
    for (const sql of Object.values(range_queries)) expect(sql).not.toMatch(/LIMIT @limit\s*$/);
  });

  test.each([
    ['SELECT * FROM users WHERE username_folded = ?', 'sqlite_autoindex_users'],
    ['SELECT * FROM users WHERE email_folded = ?', 'sqlite_autoindex_users'],
    ['SELECT * FROM calendars WHERE owner_key = ? AND is_default = 1', 'calendars_default'],
    ['SELECT * FROM raft_applied WHERE scope_head = ?', 'raft_applied_by_scope'],
    [
      'SELECT entry_index FROM raft_applied WHERE ? ORDER BY expires_at, entry_index LIMIT 1',
      'raft_applied_by_expiry',
    ],
  ])('%s uses an index', (sql, index) => {
    opened((_, path) => {
      const database = new Database(path, { readonly: true });
      const plan = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(1) as { detail: string }[];
      database.close();
      expect(plan.map((row) => row.detail).join('\n')).toContain(index);
      expect(plan.some((row) => row.detail.includes('TEMP B-TREE'))).toBe(false);
    });
  });
});

describe('opening', () => {
  test('a new state is empty', () => {
    opened((store) => {
      expect(store.readMeta()).toEqual({ applied_index: 0, digest: INITIAL_DIGEST, state_time: 0 });
    });
  });

  test('a state goes on with its own log', () => {
    const path = newPath();
    const meta = { applied_index: 12, digest: 'd'.repeat(64), state_time: 34 };
    const first = openAgendaStore({ path, storage_id: STORAGE_ID });
    first.store.transaction(() => first.store.writeMeta(meta));
    first.store.close();
    const second = openAgendaStore({ path, storage_id: STORAGE_ID });
    expect(second.set_aside).toBeNull();
    expect(second.store.readMeta()).toEqual(meta);
    second.store.close();
  });

  test('the state of another log is set aside, and nothing of it is used', () => {
    const path = newPath();
    const names = ['one', 'two', 'three'].map((storage_id, at) => {
      const { store, set_aside } = openAgendaStore({ path, storage_id });
      expect(store.readMeta().applied_index).toBe(0);
      store.transaction(() =>
        store.writeMeta({ applied_index: at + 1, digest: INITIAL_DIGEST, state_time: 0 }),
      );
      store.close();
      return set_aside;
    });
    expect(names).toEqual([null, `${path}.aside-1`, `${path}.aside-2`]);
    expect(names.slice(1).every((name) => existsSync(name ?? ''))).toBe(true);
    const first = openAgendaStore({ path: `${path}.aside-1`, storage_id: 'one' });
    expect(first).toMatchObject({ set_aside: null });
    expect(first.store.readMeta().applied_index).toBe(1);
    first.store.close();
  });

  test('the applying connection never checkpoints by itself', () => {
    opened((store, path) => {
      const bytes_before = statSync(path).size;
      const large: Appointment = { ...appointment, description: 'x'.repeat(10_000) };
      for (let key = 1; key <= 1_500; key += 1) {
        write(store, [{ op: 'insert', table: 'appointments', row: { ...large, key } }]);
      }
      expect(statSync(`${path}-wal`).size).toBeGreaterThan(15_000_000);
      expect(statSync(path).size).toBe(bytes_before);
    });
  });
});
