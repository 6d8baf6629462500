import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, describe, expect, test } from '@jest/globals';
import { keyAt } from '../../src/agenda/id.ts';
import { UnknownCommandError } from '../../src/replica/command-checks.ts';
import { openAgendaStore } from '../../src/storage/agenda-store.ts';
import {
  applyAll,
  dumpTables,
  machineOn,
  MIDNIGHT,
  mixedLog,
  STORAGE_ID,
  storePorts,
  TestLog,
  withMachine,
} from '../support/agenda-fixture.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const directory = temporaryDirectory('state-machine');
afterAll(directory.remove);

function newPath(): string {
  return join(mkdtempSync(join(directory.path, 'state-')), 'agenda.db');
}

describe('determinism', () => {
  test('the same entries give the same digests, outcomes and tables, however they are batched', () => {
    const { entries } = mixedLog();
    const runs = [[1], [64], [3, 1, 7], [16]].map((batch_sizes) => {
      const path = newPath();
      return withMachine(path, ({ machine }) => {
        const outcomes = applyAll(machine, entries, batch_sizes);
        const digests = entries.map((entry) => machine.digestAt(entry.index));
        return { outcomes, digests, digest: machine.digest, tables: dumpTables(path) };
      });
    });
    expect(new Set(runs[0]?.digests).size).toBe(entries.length);
    expect(runs[0]?.digests.at(-1)).toBe(runs[0]?.digest);
    for (const run of runs.slice(1)) expect(run).toEqual(runs[0]);
  });

  test('another history has another digest from where it parts', () => {
    const one = new TestLog();
    const other = new TestLog();
    for (const log of [one, other]) log.register('Ana');
    one.book(keyAt(1, 0), { title: 'One' });
    other.book(keyAt(1, 0), { title: 'Other' });
    for (const log of [one, other]) log.noOp();
    const [digests, other_digests] = [one, other].map((log) =>
      withMachine(newPath(), ({ machine }) => {
        applyAll(machine, log.entries);
        return [1, 2, 3].map((index) => machine.digestAt(index));
      }),
    );
    expect(digests?.[0]).toBe(other_digests?.[0]);
    expect(digests?.[1]).not.toBe(other_digests?.[1]);
    expect(digests?.[2]).not.toBe(other_digests?.[2]);
  });

  test('state time never runs backwards', () => {
    const log = new TestLog();
    const ana = log.register('Ana');
    log.book(ana, {}, { at: MIDNIGHT });
    const index = log.book(ana, { allow_conflict: true }, { at: 5 });
    withMachine(newPath(), ({ machine, store }) => {
      applyAll(machine, log.entries);
      expect(store.view.appointmentByKey(keyAt(index, 0))).toMatchObject({
        created_at: MIDNIGHT,
        updated_at: MIDNIGHT,
      });
    });
  });

  test('of two that race for the same time, the first in the log wins', () => {
    const log = new TestLog();
    const ana = log.register('Ana');
    const first = log.book(ana, {}, { origin_node: 'agenda-1' });
    log.book(ana, {}, { origin_node: 'agenda-2' });
    withMachine(newPath(), ({ machine }) => {
      expect(applyAll(machine, log.entries).slice(1)).toMatchObject([
        { kind: 'done', replayed: false },
        { kind: 'refused', refusal: { code: 'conflict', overlaps: [keyAt(first, 0)] } },
      ]);
    });
  });

  test('entries come without a gap', () => {
    const { entries } = mixedLog();
    withMachine(newPath(), ({ machine }) => {
      expect(() => machine.apply(entries.slice(1, 3))).toThrow('a gap');
      machine.apply(entries.slice(0, 2));
      expect(() => machine.apply(entries.slice(0, 2))).toThrow('a gap');
      expect(() => machine.apply([])).toThrow('nothing');
    });
  });
});

describe('what the log may hold', () => {
  test('a command of an unknown kind stops applying, and nothing of its batch is applied', () => {
    const log = new TestLog();
    log.register('Ana');
    log.register('Ben');
    const json = { ...JSON.parse(Buffer.from(log.entries[1]?.payload ?? []).toString()) } as object;
    const unknown = log.payload(
      Buffer.from(JSON.stringify({ ...json, body: { kind: 'calendar.import' } })),
    );
    const path = newPath();
    withMachine(path, ({ machine, change_feed }) => {
      machine.apply(log.entries.slice(0, 1));
      const before = { digest: machine.digest, tables: dumpTables(path) };
      expect(() => machine.apply(log.entries.slice(1))).toThrow(UnknownCommandError);
      expect(machine.applied_index).toBe(1);
      expect({ digest: machine.digest, tables: dumpTables(path) }).toEqual(before);
      expect(change_feed.cursor).toBe(1);
      machine.apply(log.entries.slice(1, unknown - 1));
      expect(machine.applied_index).toBe(unknown - 1);
    });
  });

  test('garbage is refused, equally everywhere', () => {
    const log = new TestLog();
    log.register('Ana');
    log.payload(Buffer.from('{}'));
    const path = newPath();
    withMachine(path, ({ machine, failures }) => {
      expect(applyAll(machine, log.entries)).toMatchObject([
        { kind: 'done' },
        { kind: 'refused', refusal: { code: 'internal_error' } },
      ]);
      expect(failures).toEqual([[2, 'undecodable']]);
    });
    expect(dumpTables(path)['audit_logs']?.[1]).toMatchObject({ request_id: 'entry-2' });
  });

  test('entries of the engine advance the index and the digest only', () => {
    const log = new TestLog();
    log.configuration();
    log.noOp();
    withMachine(newPath(), ({ machine, store }) => {
      const before = machine.digest;
      expect(applyAll(machine, log.entries)).toEqual([null, null]);
      expect(machine.applied_index).toBe(2);
      expect(machine.digest).not.toBe(before);
      expect(store.readMeta()).toMatchObject({ applied_index: 2, digest: machine.digest });
    });
  });
});

describe('when the storage fails', () => {
  test.each(['reading', 'writing', 'committing'])(
    '%s, apply throws and changes nothing',
    (when) => {
      const log = new TestLog();
      log.register('Ana');
      log.register('Ben');
      const { store } = openAgendaStore({ path: newPath(), storage_id: STORAGE_ID });
      let is_failing = false;
      function failWhen(moment: string): void {
        if (is_failing && when === moment) {
          throw new Database.SqliteError('disk I/O error', 'SQLITE_IOERR_READ');
        }
      }
      const { view } = store;
      const machine = machineOn({
        ...storePorts(store),
        view: {
          userByKey: (key) => view.userByKey(key),
          userByFoldedUsername(folded) {
            failWhen('reading');
            return view.userByFoldedUsername(folded);
          },
          userByFoldedEmail: (folded) => view.userByFoldedEmail(folded),
          calendarByKey: (key) => view.calendarByKey(key),
          defaultCalendarOf: (key) => view.defaultCalendarOf(key),
          appointmentByKey: (key) => view.appointmentByKey(key),
          busyOverlapping: (...range) => view.busyOverlapping(...range),
          agendaOf: (...range) => view.agendaOf(...range),
          agendaPlacesOf: (...range) => view.agendaPlacesOf(...range),
          agendaSnapshot: () => view.agendaSnapshot(),
          busyTimesOf: (...range) => view.busyTimesOf(...range),
          groupAppointmentsAfter: (...place) => view.groupAppointmentsAfter(...place),
          groups: view.groups,
          participation: view.participation,
          notifications: view.notifications,
          posts: view.posts,
          workByKey: (key) => view.workByKey(key),
          workCount: (key) => view.workCount(key),
          firstWork: () => view.firstWork(),
          earlierRow: (...wanted) => view.earlierRow(...wanted),
          appointmentAt: (key, version) => view.appointmentAt(key, version),
          stateTime: () => view.stateTime(),
          usersByNamePrefix: (...wanted) => view.usersByNamePrefix(...wanted),
          usersByNamePart: (...wanted) => view.usersByNamePart(...wanted),
          audit: view.audit,
        },
        write(changes) {
          store.write(changes);
          failWhen('writing');
        },
        writeMeta(meta) {
          store.writeMeta(meta);
          failWhen('committing');
        },
      });
      machine.apply(log.entries.slice(0, 1));
      const { digest } = machine;
      is_failing = true;
      expect(() => machine.apply(log.entries.slice(1))).toThrow('disk I/O error');
      expect(machine).toMatchObject({ applied_index: 1, digest });
      is_failing = false;
      expect(machine.apply(log.entries.slice(1))).toMatchObject([{ kind: 'done' }]);
      expect(store.view.userByFoldedUsername('ben')).toMatchObject({ key: keyAt(2, 0) });
      store.close();
    },
  );
});

describe('the change feed', () => {
  test('hears of what was applied after it is committed', () => {
    const log = new TestLog();
    const ana = log.register('Ana');
    const booked = log.book(ana);
    log.book(ana);
    log.noOp();
    const path = newPath();
    withMachine(path, ({ machine, change_feed }) => {
      const seen: unknown[] = [];
      change_feed.subscribe(
        (item) => {
          seen.push([item, dumpTables(path)['appointments']?.length, machine.applied_index]);
        },
        () => undefined,
      );
      applyAll(machine, log.entries);
      const registered = {
        index: 1,
        events: [eventOf('user.registered', ana, null)],
      };
      const created = {
        index: booked,
        events: [eventOf('appointment.created', keyAt(booked, 0), keyAt(booked, 0))],
      };
      function eventOf(kind: string, key: number, appointment_key: number | null): object {
        return { kind, key, version: 1, group_key: null, appointment_key, audience: [ana] };
      }
      expect(seen).toEqual([
        [registered, 1, 4],
        [created, 1, 4],
      ]);
      expect(change_feed.cursor).toBe(4);
    });
  });

  test('begins where the state stands', () => {
    const log = mixedLog();
    const path = newPath();
    withMachine(path, ({ machine }) => applyAll(machine, log.entries));
    withMachine(path, ({ machine, change_feed }) => {
      expect(change_feed.cursor).toBe(log.last_index);
      expect(change_feed.since(log.last_index - 1)).toBe('too_old');
      expect(machine.digestAt(log.last_index)).toBe(machine.digest);
      expect(machine.digestAt(log.last_index - 1)).toBeNull();
      expect(machine.digestAt(log.last_index + 1)).toBeNull();
    });
  });
});
