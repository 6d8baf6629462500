import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import type { CommandBody } from '../../src/agenda/command.ts';
import { keyAt } from '../../src/agenda/id.ts';
import type { Key } from '../../src/agenda/model.ts';
import { limits } from '../../src/limits.ts';
import { ChangeFeed } from '../../src/replica/change-feed.ts';
import { AgendaStateMachine } from '../../src/replica/state-machine.ts';
import { openAgendaStore } from '../../src/storage/agenda-store.ts';
import {
  appointmentBody,
  applyAll,
  DAY_MS,
  dumpTables,
  HOUR_MS,
  MIDNIGHT,
  requestKey,
  STORAGE_ID,
  storePorts,
  TestLog,
  withMachine,
  fieldsOf,
  same_people,
} from '../support/agenda-fixture.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const directory = temporaryDirectory('expiry');
afterAll(directory.remove);

function newPath(): string {
  return join(mkdtempSync(join(directory.path, 'state-')), 'agenda.db');
}

const START = MIDNIGHT;
const GONE = START + limits.cancelled_kept_ms;

/** A log whose commands are Ana's, at the time that is given. */
class AnasLog {
  readonly log = new TestLog();
  readonly #ana: Key = this.log.register('Ana');

  at(time: number, body: CommandBody, key?: string): number {
    const remember = key === undefined ? null : requestKey(key);
    return this.log.command(body, { by: this.#ana, token_version: 1, at: time, remember });
  }

  /** Books an hour of its own; returns the key of the appointment. */
  book(time: number, key?: string): Key {
    const hour = this.log.last_index;
    const start = MIDNIGHT + hour * HOUR_MS;
    const body = appointmentBody({ title: `Hour ${hour}`, start, end: start + HOUR_MS });
    return keyAt(this.at(time, body, key), 0);
  }

  cancel(time: number, appointment_key: Key): number {
    return this.at(time, { kind: 'appointment.cancel', appointment_key, if_match: null });
  }

  restore(time: number, appointment_key: Key): number {
    const allow_conflict = true;
    const body = { kind: 'appointment.restore', appointment_key, if_match: null } as const;
    return this.at(time, { ...body, allow_conflict });
  }

  rename(time: number, appointment_key: Key, title: string, key?: string): number {
    const fields = fieldsOf(appointmentBody({ title }));
    const body = { kind: 'appointment.update', appointment_key, if_match: null } as const;
    const update = {
      ...body,
      ...same_people,
      computed_from: null,
      wrong: [],
      allow_conflict: true,
    };
    return this.at(time, { ...update, fields: { ...fields } }, key);
  }
}

function countsIn(path: string): Record<string, number> {
  const tables = dumpTables(path);
  const names = ['appointments', 'occurrences', 'appointment_versions', 'tombstones'];
  return Object.fromEntries(names.map((name) => [name, tables[name]?.length ?? -1]));
}

describe('cancelled appointments', () => {
  test('are gone 30 days of state time later, and leave a tombstone for 400 days', () => {
    const ana = new AnasLog();
    const appointment = ana.book(START);
    ana.cancel(START, appointment);
    ana.book(GONE - 1);
    const kept_until = ana.log.last_index;
    ana.book(GONE);
    const gone_at = ana.log.last_index;
    ana.restore(GONE, appointment);
    ana.book(GONE + limits.tombstone_kept_ms - 1);
    const remains_until = ana.log.last_index;
    ana.book(GONE + limits.tombstone_kept_ms);
    const path = newPath();
    withMachine(path, ({ machine, store }) => {
      const applyTo = (index: number) =>
        machine.apply(ana.log.entries.slice(machine.applied_index, index));
      applyTo(kept_until);
      expect(store.view.appointmentByKey(appointment)).toMatchObject({ status: 'cancelled' });
      applyTo(gone_at);
      expect(store.view.appointmentByKey(appointment)).toBeNull();
      expect(dumpTables(path)['tombstones']).toEqual([
        {
          key: appointment,
          calendar_key: expect.any(Number),
          uid: null,
          changed_index: gone_at,
          expires_at: GONE + limits.tombstone_kept_ms,
        },
      ]);
      expect(countsIn(path)).toMatchObject({ appointments: 2, occurrences: 2 });
      expect(applyTo(gone_at + 1)).toMatchObject([{ refusal: { code: 'not_found' } }]);
      applyTo(remains_until);
      expect(countsIn(path)['tombstones']).toBe(1);
      applyTo(remains_until + 1);
      expect(countsIn(path)['tombstones']).toBe(0);
    });
  });

  test('go a few at a time', () => {
    const ana = new AnasLog();
    const rows_each = 3;
    const at_once = Math.floor(limits.rows_expired_per_command / rows_each);
    const many = 2 * at_once + 1;
    const all = Array.from({ length: many }, () => ana.book(START));
    for (const appointment of all) ana.cancel(START, appointment);
    // Their earlier versions go here.
    ana.book(START + DAY_MS);
    const before = ana.log.last_index;
    for (let command = 0; command < 3; command += 1) ana.book(GONE);
    const path = newPath();
    withMachine(path, ({ machine }) => {
      applyAll(machine, ana.log.entries.slice(0, before));
      const left = [1, 2, 3].map((more) => {
        machine.apply(ana.log.entries.slice(machine.applied_index, before + more));
        return many - (countsIn(path)['tombstones'] ?? 0);
      });
      expect(left).toEqual([many - at_once, many - 2 * at_once, 0]);
    });
  });

  test('that are restored stay', () => {
    const ana = new AnasLog();
    const appointment = ana.book(START);
    ana.cancel(START, appointment);
    ana.restore(START + DAY_MS, appointment);
    ana.book(GONE + DAY_MS);
    withMachine(newPath(), ({ machine, store }) => {
      applyAll(machine, ana.log.entries);
      expect(store.view.appointmentByKey(appointment)).toMatchObject({
        status: 'accepted',
        version: 3,
      });
    });
  });
});

describe('earlier versions', () => {
  test('can be read while a request key can ask for them, and are deleted then', () => {
    const ana = new AnasLog();
    const appointment = ana.book(START, 'create');
    ana.rename(START + 1, appointment, 'Second');
    ana.rename(START + 2, appointment, 'Third', 'rename');
    ana.rename(START + 3, appointment, 'Fourth');
    ana.book(START + DAY_MS / 2);
    const half_a_day = ana.log.last_index;
    ana.book(START + 2 * DAY_MS);
    const path = newPath();
    withMachine(path, ({ machine, store }) => {
      machine.apply(ana.log.entries.slice(0, half_a_day));
      const titleAt = (version: number) => store.view.appointmentAt(appointment, version)?.title;
      expect([1, 2, 3, 4, 5].map(titleAt)).toEqual([
        'Hour 1',
        // No key asks for the second; its answer has long been given.
        undefined,
        'Third',
        'Fourth',
        undefined,
      ]);
      machine.apply(ana.log.entries.slice(half_a_day));
      expect([1, 2, 3, 4].map(titleAt)).toEqual([undefined, undefined, undefined, 'Fourth']);
      expect(countsIn(path)['appointment_versions']).toBe(0);
    });
  });

  test('that are too many go, the first to expire first', () => {
    const path = newPath();
    const { store } = openAgendaStore({ path, storage_id: STORAGE_ID });
    const ana = new AnasLog();
    const appointment = ana.book(START, 'create');
    ana.rename(START + 1, appointment, 'Second', 'second');
    const second = ana.log.last_index;
    ana.rename(START + 2, appointment, 'Third');
    const machine = new AgendaStateMachine({
      store: {
        ...storePorts(store),
        expiry: {
          ...store.expiry,
          // As if there were many more.
          versionsBytes: () => limits.appointment_versions_bytes_max - 400,
        },
      },
      change_feed: new ChangeFeed({ start_index: 0, onListenerError: () => undefined }),
      observer: { onDecideFailed: () => undefined },
    });
    applyAll(machine, ana.log.entries.slice(0, second));
    expect(store.view.appointmentAt(appointment, 1)?.title).toBe('Hour 1');
    applyAll(machine, ana.log.entries);
    expect(store.view.appointmentAt(appointment, 1)).toBeNull();
    expect(store.view.appointmentAt(appointment, 2)?.title).toBe('Second');
    store.close();
  });
});

/** Bookings, changes, cancellations and returns over two years, a day or so after the other. */
function longLog(): TestLog {
  const ana = new AnasLog();
  const booked: Key[] = [];
  for (let round = 0; round < 400; round += 1) {
    const time = START + round * 2 * DAY_MS;
    const nth = booked[(round * 7) % Math.max(booked.length, 1)] ?? 0;
    if (round % 5 === 0 || booked.length < 5) booked.push(ana.book(time, `book ${round}`));
    else if (round % 5 === 1) ana.cancel(time, nth);
    else if (round % 5 === 2) ana.restore(time, nth);
    else ana.rename(time + 1, nth, `Round ${round}`, round % 2 === 0 ? `r ${round}` : undefined);
    if (round % 50 === 0) ana.log.noOp();
  }
  return ana.log;
}

describe('determinism', () => {
  test('what expires is the same however entries are batched, and across restarts', () => {
    const { entries } = longLog();
    const [one, ...others] = [[1], [64], [3, 1, 7]].map((sizes) => {
      const path = newPath();
      return withMachine(path, ({ machine }) => {
        applyAll(machine, entries, sizes);
        return { digest: machine.digest, tables: dumpTables(path) };
      });
    });
    for (const other of others) expect(other).toEqual(one);
    expect(one?.tables['tombstones']?.length).toBeGreaterThan(5);

    const path = newPath();
    for (let end = 50; end < entries.length + 50; end += 50) {
      withMachine(path, ({ machine }) => applyAll(machine, entries.slice(0, end), [5]));
    }
    withMachine(path, ({ machine }) => {
      expect({ digest: machine.digest, tables: dumpTables(path) }).toEqual(one);
    });
  });
});

describe('a defect in what expires', () => {
  test('stops neither the command nor the replica', () => {
    const path = newPath();
    const { store } = openAgendaStore({ path, storage_id: STORAGE_ID });
    const ana = new AnasLog();
    const appointment = ana.book(START);
    ana.cancel(START, appointment);
    const last = ana.book(GONE);
    const failures: unknown[] = [];
    const machine = new AgendaStateMachine({
      store: {
        ...storePorts(store),
        write(changes) {
          store.write(changes);
          if (changes.some((change) => change.table === 'tombstones')) throw new Error('planted');
        },
      },
      change_feed: new ChangeFeed({ start_index: 0, onListenerError: () => undefined }),
      observer: { onDecideFailed: (index, kind) => failures.push([index, kind]) },
    });
    const outcomes = applyAll(machine, ana.log.entries);
    expect(outcomes.at(-1)).toMatchObject({ kind: 'done', answer: { key: last } });
    expect(failures).toEqual([[ana.log.last_index, 'expiry']]);
    expect(store.view.appointmentByKey(appointment)).toMatchObject({ status: 'cancelled' });
    store.close();
  });
});
