import { copyFileSync, existsSync, mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, describe, expect, test } from '@jest/globals';
import { decide } from '../../src/agenda/decide/decide.ts';
import type { Decide } from '../../src/agenda/decide/decision.ts';
import { keyAt } from '../../src/agenda/id.ts';
import type { AgendaStore } from '../../src/replica/agenda-store.ts';
import { ChangeFeed } from '../../src/replica/change-feed.ts';
import { UnknownCommandError } from '../../src/replica/command-codec.ts';
import { AgendaStateMachine } from '../../src/replica/state-machine.ts';
import { openAgendaStore } from '../../src/storage/agenda-store.ts';
import {
  applyAll,
  DAY_MS,
  dumpTables,
  HOUR_MS,
  MIDNIGHT,
  openMachine,
  registerBody,
  requestKey,
  STORAGE_ID,
  TestLog,
} from '../support/agenda-fixture.ts';
import type { OpenMachine } from '../support/agenda-fixture.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const directory = temporaryDirectory('state-machine');
afterAll(directory.remove);

function newPath(): string {
  return join(mkdtempSync(join(directory.path, 'state-')), 'agenda.db');
}

function opened<T>(use: (open: OpenMachine) => T, decide_with?: Decide, path = newPath()): T {
  const open = openMachine(path, decide_with);
  try {
    return use(open);
  } finally {
    open.close();
  }
}

/** A history with everything in it: people, bookings, refusals, replays, entries of the engine. */
function mixedLog(): TestLog {
  const log = new TestLog();
  log.configuration();
  log.noOp();
  const people = ['Ana', 'Ben', 'Zoë'].map((name) => log.register(name));
  log.command(registerBody('ANA'));
  for (let round = 0; round < 12; round += 1) {
    for (const person of people) {
      const start = MIDNIGHT + round * HOUR_MS;
      log.book(person, { start, end: start + (round % 3 === 0 ? 2 : 1) * HOUR_MS });
    }
    const remember = requestKey(`round ${round % 5}`, `body ${round % 5}`, 4 * HOUR_MS);
    log.book(people[0] ?? 0, { allow_conflict: true, title: `Round ${round}` }, { remember });
    if (round === 7) log.noOp();
  }
  log.book(people[1] ?? 0, {}, { token_version: 9 });
  log.payload(Buffer.from('garbage'));
  log.book(people[2] ?? 0, { start: MIDNIGHT - 3 * DAY_MS, end: MIDNIGHT + DAY_MS, busy: false });
  return log;
}

describe('determinism', () => {
  test('the same entries give the same digests, outcomes and tables, however they are batched', () => {
    const { entries } = mixedLog();
    const runs = [[1], [64], [3, 1, 7], [16]].map((batch_sizes) => {
      const path = newPath();
      return opened(
        ({ machine }) => {
          const outcomes = applyAll(machine, entries, batch_sizes);
          const digests = entries.map((entry) => machine.digestAt(entry.index));
          return { outcomes, digests, digest: machine.digest, tables: dumpTables(path) };
        },
        undefined,
        path,
      );
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
    const [digests, other_digests] = [one, other].map((log) =>
      opened(({ machine }) => {
        applyAll(machine, log.entries);
        return [machine.digestAt(1), machine.digestAt(2)];
      }),
    );
    expect(digests?.[0]).toBe(other_digests?.[0]);
    expect(digests?.[1]).not.toBe(other_digests?.[1]);
  });

  test('state time never runs backwards', () => {
    const log = new TestLog();
    const ana = log.register('Ana');
    log.book(ana, {}, { at: MIDNIGHT });
    const index = log.book(ana, { allow_conflict: true }, { at: 5 });
    opened(({ machine, store }) => {
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
    opened(({ machine }) => {
      expect(applyAll(machine, log.entries).slice(1)).toMatchObject([
        { kind: 'done', replayed: false },
        { kind: 'refused', refusal: { code: 'conflict', overlaps: [keyAt(first, 0)] } },
      ]);
    });
  });

  test('entries come without a gap', () => {
    const { entries } = mixedLog();
    opened(({ machine }) => {
      expect(() => machine.apply(entries.slice(1, 3))).toThrow('a gap');
      machine.apply(entries.slice(0, 2));
      expect(() => machine.apply(entries.slice(0, 2))).toThrow('a gap');
      expect(() => machine.apply([])).toThrow('nothing');
    });
  });
});

/** The files as `kill -9` leaves them at this moment. */
function copyState(path: string): string {
  const copy = newPath();
  mkdirSync(join(copy, '..'), { recursive: true });
  for (const suffix of ['', '-wal']) {
    if (existsSync(path + suffix)) copyFileSync(path + suffix, copy + suffix);
  }
  return copy;
}

describe('scenario 18: the applied index goes with the state', () => {
  test('scenario 18: killed before, within or after any transaction, every command is applied once', () => {
    const { entries } = mixedLog();
    const path = newPath();
    const copies: { copy: string; applied_at_most: number }[] = [];
    const { store } = openAgendaStore({ path, storage_id: STORAGE_ID });
    const leaving: AgendaStore = {
      ...storePorts(store),
      transaction: (body) =>
        store.transaction(() => {
          const result = body();
          copies.push({ copy: copyState(path), applied_at_most: machine.applied_index });
          return result;
        }),
    };
    const machine = machineOn(leaving);
    while (machine.applied_index < entries.length) {
      const from = machine.applied_index;
      machine.apply(entries.slice(from, from + 5));
      copies.push({ copy: copyState(path), applied_at_most: machine.applied_index });
    }
    const expected = { digest: machine.digest, tables: dumpTables(path) };
    store.close();

    expect(copies.length).toBeGreaterThan(20);
    for (const { copy, applied_at_most } of copies) {
      const resumed = openMachine(copy);
      // What was not committed is not there; what was committed is.
      expect(resumed.machine.applied_index).toBe(applied_at_most);
      applyAll(resumed.machine, entries, [7]);
      expect({ digest: resumed.machine.digest, tables: dumpTables(copy) }).toEqual(expected);
      resumed.close();
    }
  });

  test('scenario 18: a power cut leaves an older state, and the log builds the rest again', () => {
    const { entries } = mixedLog();
    const path = newPath();
    opened(
      ({ machine }) => {
        applyAll(machine, entries.slice(0, 20));
        const checkpointing = new Database(path);
        checkpointing.pragma('wal_checkpoint(PASSIVE)');
        checkpointing.close();
        applyAll(machine, entries);
        const older = newPath();
        copyFileSync(path, older);
        opened(
          (resumed) => {
            expect(resumed.machine.applied_index).toBe(20);
            applyAll(resumed.machine, entries);
            expect(resumed.machine.digest).toBe(machine.digest);
            expect(dumpTables(older)).toEqual(dumpTables(path));
          },
          undefined,
          older,
        );
      },
      undefined,
      path,
    );
  });
});

/** The port of a store, to replace parts of it. */
function storePorts(store: AgendaStore): AgendaStore {
  return {
    view: store.view,
    requests: store.requests,
    readMeta: () => store.readMeta(),
    writeMeta: (meta) => store.writeMeta(meta),
    write: (changes) => store.write(changes),
    transaction: (body) => store.transaction(body),
    isStorageFailure: (error) => store.isStorageFailure(error),
  };
}

function machineOn(store: AgendaStore): AgendaStateMachine {
  const { applied_index } = store.readMeta();
  return new AgendaStateMachine({
    store,
    change_feed: new ChangeFeed({ start_index: applied_index, onListenerError: () => undefined }),
    observer: { onDecideFailed: () => undefined },
  });
}

describe('a defect in the rules', () => {
  /** Throws at a certain title; writes a row that the database refuses at another. */
  const planted: Decide = (view, body, context) => {
    const decision = decide(view, body, context);
    if (body.kind !== 'appointment.create' || decision.kind === 'refused') return decision;
    if (body.title === 'throw') throw new TypeError('planted');
    if (body.title !== 'bad row') return decision;
    const [change] = decision.changes;
    if (change?.table !== 'appointments') return decision;
    const row = { ...change.row, title: null as unknown as string };
    return { ...decision, changes: [...decision.changes.slice(1), { ...change, row }] };
  };

  function plantedLog(): TestLog {
    const log = new TestLog();
    const ana = log.register('Ana');
    const at_hour = (hour: number): { start: number; end: number } => ({
      start: MIDNIGHT + hour * HOUR_MS,
      end: MIDNIGHT + (hour + 1) * HOUR_MS,
    });
    log.book(ana, { title: 'throw', ...at_hour(1) }, { remember: requestKey('planted') });
    log.book(ana, { title: 'after', ...at_hour(1) });
    log.book(ana, { title: 'bad row', ...at_hour(2) }, { remember: requestKey('bad') });
    log.book(ana, { title: 'after', ...at_hour(2) });
    log.book(ana, { title: 'bad row', ...at_hour(3) });
    log.book(ana, { title: 'good', ...at_hour(3) }, { remember: requestKey('planted', 'other') });
    return log;
  }

  const outcomes_expected = [
    { kind: 'done' },
    { kind: 'refused', refusal: { code: 'internal_error' } },
    { kind: 'done' },
    { kind: 'refused', refusal: { code: 'internal_error' } },
    { kind: 'done' },
    { kind: 'refused', refusal: { code: 'internal_error' } },
    { kind: 'done' },
  ];

  test('becomes the same refusal everywhere, and later commands work', () => {
    const { entries } = plantedLog();
    const runs = [[1], [64], [3]].map((batch_sizes) => {
      const path = newPath();
      return opened(
        ({ machine, failures }) => {
          expect(applyAll(machine, entries, batch_sizes)).toMatchObject(outcomes_expected);
          expect(failures.toSorted((one, other) => one[0] - other[0])).toEqual([
            [2, 'appointment.create'],
            [4, 'appointment.create'],
            [6, 'appointment.create'],
          ]);
          return { digest: machine.digest, tables: dumpTables(path) };
        },
        planted,
        path,
      );
    });
    expect(runs[1]).toEqual(runs[0]);
    expect(runs[2]).toEqual(runs[0]);
  });

  test('leaves nothing but a row in the audit', () => {
    const path = newPath();
    opened(({ machine }) => applyAll(machine, plantedLog().entries), planted, path);
    const { appointments, occurrences, audit_logs, raft_applied } = dumpTables(path);
    expect(appointments).toHaveLength(3);
    expect(occurrences).toHaveLength(3);
    expect(raft_applied).toHaveLength(1);
    const failed = audit_logs?.filter(
      (row) => (row as { action: string }).action === 'command.failed',
    );
    expect(failed).toMatchObject(
      [2, 4, 6].map((index) => ({
        key: keyAt(index, 0),
        component: 'commands',
        actor_key: keyAt(1, 0),
        object_key: null,
        request_id: `request-${index}`,
        origin_node: 'agenda-1',
      })),
    );
  });

  test('in a consequence leaves nothing of the command either', () => {
    const log = new TestLog();
    log.register('Ana');
    const path = newPath();
    opened(
      ({ machine }) => {
        expect(applyAll(machine, log.entries)).toMatchObject([
          { kind: 'refused', refusal: { code: 'internal_error' } },
        ]);
      },
      (view, body, context) => {
        if (body.kind === 'calendar.create_default') throw new Error('planted');
        return decide(view, body, context);
      },
      path,
    );
    expect(dumpTables(path)).toMatchObject({ users: [], calendars: [] });
  });

  test('more rows than a command may write are a defect', () => {
    const log = new TestLog();
    log.register('Ana');
    opened(
      ({ machine, failures }) => {
        applyAll(machine, log.entries);
        expect(failures).toEqual([[1, 'user.register']]);
      },
      (view, body, context) => {
        const decision = decide(view, body, context);
        if (decision.kind === 'refused') return decision;
        const [change] = decision.changes;
        return change === undefined
          ? decision
          : { ...decision, changes: Array.from({ length: 2_001 }, () => change) };
      },
    );
  });
});

describe('what the log may hold', () => {
  test('a command of an unknown kind stops applying, and nothing of its batch is applied', () => {
    const log = new TestLog();
    log.register('Ana');
    log.register('Ben');
    const json = { ...JSON.parse(Buffer.from(log.entries[1]?.payload ?? []).toString()) } as object;
    const unknown = log.payload(
      Buffer.from(JSON.stringify({ ...json, body: { kind: 'group.create' } })),
    );
    const path = newPath();
    opened(
      ({ machine, change_feed }) => {
        machine.apply(log.entries.slice(0, 1));
        const before = { digest: machine.digest, tables: dumpTables(path) };
        expect(() => machine.apply(log.entries.slice(1))).toThrow(UnknownCommandError);
        expect(machine.applied_index).toBe(1);
        expect({ digest: machine.digest, tables: dumpTables(path) }).toEqual(before);
        expect(change_feed.cursor).toBe(1);
        machine.apply(log.entries.slice(1, unknown - 1));
        expect(machine.applied_index).toBe(unknown - 1);
      },
      undefined,
      path,
    );
  });

  test('garbage is refused, equally everywhere', () => {
    const log = new TestLog();
    log.payload(Buffer.from('{}'));
    log.register('Ana');
    const path = newPath();
    opened(
      ({ machine, failures }) => {
        expect(applyAll(machine, log.entries)).toMatchObject([
          { kind: 'refused', refusal: { code: 'internal_error' } },
          { kind: 'done' },
        ]);
        expect(failures).toEqual([[1, 'undecodable']]);
      },
      undefined,
      path,
    );
    expect(dumpTables(path)['audit_logs']?.[0]).toMatchObject({ request_id: 'entry-1' });
  });

  test('entries of the engine advance the index and the digest only', () => {
    const log = new TestLog();
    log.configuration();
    log.noOp();
    opened(({ machine, store }) => {
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
    opened(
      ({ machine, change_feed }) => {
        const seen: unknown[] = [];
        change_feed.subscribe((item) => {
          seen.push([item, dumpTables(path)['appointments']?.length, machine.applied_index]);
        });
        applyAll(machine, log.entries);
        const registered = {
          index: 1,
          events: [{ kind: 'user.registered', key: ana, version: 1, audience: [ana] }],
        };
        const created = {
          index: booked,
          events: [
            { kind: 'appointment.created', key: keyAt(booked, 0), version: 1, audience: [ana] },
          ],
        };
        expect(seen).toEqual([
          [registered, 1, 4],
          [created, 1, 4],
        ]);
        expect(change_feed.cursor).toBe(4);
      },
      undefined,
      path,
    );
  });

  test('begins where the state stands', () => {
    const log = mixedLog();
    const path = newPath();
    opened(({ machine }) => applyAll(machine, log.entries), undefined, path);
    opened(
      ({ machine, change_feed }) => {
        expect(change_feed.cursor).toBe(log.last_index);
        expect(change_feed.since(log.last_index - 1)).toBe('too_old');
        expect(machine.digestAt(log.last_index)).toBe(machine.digest);
        expect(machine.digestAt(log.last_index - 1)).toBeNull();
        expect(machine.digestAt(log.last_index + 1)).toBeNull();
      },
      undefined,
      path,
    );
  });
});

test('what is remembered survives a restart', () => {
  const log = new TestLog();
  const ana = log.register('Ana');
  const remember = requestKey('key');
  const first = log.book(ana, {}, { remember });
  log.book(ana, {}, { remember });
  const path = newPath();
  opened(({ machine }) => applyAll(machine, log.entries.slice(0, 2)), undefined, path);
  opened(
    ({ machine }) => {
      const answer = { kind: 'appointment', key: keyAt(first, 0), version: 1 };
      expect(applyAll(machine, log.entries)).toEqual([{ kind: 'done', answer, replayed: true }]);
    },
    undefined,
    path,
  );
  expect(dumpTables(path)['appointments']).toHaveLength(1);
});
