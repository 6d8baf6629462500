import { closeSync, existsSync, openSync, statSync, writeFileSync, writeSync } from 'node:fs';
import Database from 'better-sqlite3';
import { describe, expect, test } from '@jest/globals';
import { versionBefore } from '../../src/agenda/appointment-version.ts';
import { table_columns } from '../../src/agenda/change.ts';
import type { RowChange } from '../../src/agenda/change.ts';
import type { Appointment, Calendar, User } from '../../src/agenda/model.ts';
import { DiskFullError } from '../../src/consensus/disk-full-error.ts';
import { INITIAL_DIGEST } from '../../src/replica/digest-chain.ts';
import { openAgendaStore, SqliteAgendaStore } from '../../src/storage/agenda-store.ts';
import { noteDamage } from '../../src/storage/database-damaged.ts';
import { HOUR_MS, MIDNIGHT, STORAGE_ID } from '../support/agenda-fixture.ts';
import {
  ana,
  appointment,
  booked,
  calendar,
  newPath,
  opened,
  rangeOf,
  write,
} from '../support/store-fixture.ts';

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
      expect(view.agendaOf(ana.key, rangeOf(MIDNIGHT, MIDNIGHT + 1))).toEqual([
        { appointment, status: 'accepted' },
      ]);
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

  test('a deleted one is gone, and the others stay', () => {
    opened((store) => {
      write(store, [...booked({}), ...booked({ key: 8193 })]);
      const { key, start } = appointment;
      const occurrence = { agenda_key: ana.key, start, appointment_key: key };
      const deletion: RowChange[] = [
        { op: 'delete', table: 'occurrences', row: occurrence },
        { op: 'delete', table: 'appointments', row: { key } },
      ];
      write(store, deletion);
      expect(store.view.appointmentByKey(key)).toBeNull();
      const left = store.view.agendaOf(ana.key, rangeOf(MIDNIGHT, MIDNIGHT + HOUR_MS));
      expect(left.map((one) => one.appointment.key)).toEqual([8193]);
      expect(() => write(store, deletion)).toThrow('no such row to delete');
    });
  });

  test('an earlier version of an appointment comes back as it was', () => {
    opened((store) => {
      const later: Appointment = {
        ...appointment,
        version: appointment.version + 1,
        title: 'Later',
        all_day: true,
        time_zone: 'UTC',
        start_offset_s: 0,
        end_offset_s: 0,
        start: 1,
        end: 2,
        calendar_key: 99,
        busy: false,
        status: 'cancelled',
        version_status: 'cancelled',
        cancelled_at: 5,
        privacy: 'full',
        sequence: 9,
        origin_node: 'agenda-2',
        updated_at: 77,
      };
      write(store, [
        ...booked(later),
        { op: 'insert', table: 'appointment_versions', row: versionBefore(appointment, 100) },
      ]);
      const { key, version } = appointment;
      const { cancelled_at: _cancelled, ...rest } = appointment;
      const shown = { ...rest, status: appointment.version_status };
      expect(store.view.appointmentAt(key, version)).toMatchObject(shown);
      expect(store.view.appointmentAt(key, later.version)).toEqual(later);
      expect(store.view.appointmentAt(key, 1)).toBeNull();
      expect(store.view.appointmentAt(key + 1, 1)).toBeNull();
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

  test('a note of damage beside no state, after a crash in between, is no obstacle', () => {
    const path = newPath();
    noteDamage(path);
    openAgendaStore({ path, storage_id: 'one' }).store.close();
    const again = openAgendaStore({ path, storage_id: 'one' });
    expect(again.set_aside).toBeNull();
    again.store.close();
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

  test.each([
    ['no database', (path: string) => writeFileSync(path, 'x'.repeat(8_192))],
    ['a database without its first page', (path: string) => overwrite(path, 0, 100)],
    ['a note that it was found damaged', (path: string) => noteDamage(path)],
  ])('%s is set aside, and the log builds the state again', (_, damage) => {
    const path = newPath();
    const { store } = openAgendaStore({ path, storage_id: STORAGE_ID });
    const meta = { applied_index: 5, digest: INITIAL_DIGEST, state_time: 0 };
    store.transaction(() => store.writeMeta(meta));
    store.close();
    damage(path);
    const second = openAgendaStore({ path, storage_id: STORAGE_ID });
    expect(second.set_aside).toBe(`${path}.aside-1`);
    expect(second.store.readMeta().applied_index).toBe(0);
    second.store.transaction(() => second.store.writeMeta(meta));
    second.store.close();
    const third = openAgendaStore({ path, storage_id: STORAGE_ID });
    expect(third.set_aside).toBeNull();
    expect(third.store.readMeta()).toEqual(meta);
    third.store.close();
  });

  test('without space a transaction leaves everything as it was, and the same goes through later', () => {
    const path = newPath();
    openAgendaStore({ path, storage_id: STORAGE_ID }).store.close();
    const database = new Database(path);
    const store = new SqliteAgendaStore(database);
    const pages = database.pragma('page_count', { simple: true }) as number;
    const book = (): void =>
      store.transaction(() => {
        store.writeMeta({ applied_index: 9, digest: INITIAL_DIGEST, state_time: 0 });
        for (let key = 1; key <= 200; key += 1) {
          const row = { ...appointment, key, description: 'x'.repeat(2_000) };
          store.write([{ op: 'insert', table: 'appointments', row }]);
        }
      });
    database.pragma(`max_page_count = ${pages + 10}`);
    expect(book).toThrow(DiskFullError);
    expect(store.readMeta().applied_index).toBe(0);
    expect(store.view.appointmentByKey(1)).toBeNull();
    database.pragma('max_page_count = 100000');
    book();
    expect(store.readMeta().applied_index).toBe(9);
    expect(store.view.appointmentByKey(200)).toMatchObject({ key: 200 });
    store.close();
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

/** Zeros in the place of what is there. */
function overwrite(path: string, from: number, bytes: number): void {
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.alloc(bytes), 0, bytes, from);
  closeSync(file);
}
