import { copyFileSync, existsSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, describe, expect, test } from '@jest/globals';
import { keyAt } from '../../src/agenda/id.ts';
import type { AgendaStore } from '../../src/replica/agenda-store.ts';
import { openAgendaStore } from '../../src/storage/agenda-store.ts';
import {
  applyAll,
  dumpTables,
  machineOn,
  mixedLog,
  openMachine,
  requestKey,
  STORAGE_ID,
  storePorts,
  TestLog,
  withMachine,
} from '../support/agenda-fixture.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const directory = temporaryDirectory('exactly-once');
afterAll(directory.remove);

function newPath(): string {
  return join(mkdtempSync(join(directory.path, 'state-')), 'agenda.db');
}

/** The files as `kill -9` leaves them at this moment. */
function copyState(path: string): string {
  const copy = newPath();
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
    withMachine(path, ({ machine }) => {
      applyAll(machine, entries.slice(0, 20));
      const checkpointing = new Database(path);
      checkpointing.pragma('wal_checkpoint(PASSIVE)');
      checkpointing.close();
      applyAll(machine, entries);
      const older = newPath();
      copyFileSync(path, older);
      withMachine(older, (resumed) => {
        expect(resumed.machine.applied_index).toBe(20);
        applyAll(resumed.machine, entries);
        expect(resumed.machine.digest).toBe(machine.digest);
        expect(dumpTables(older)).toEqual(dumpTables(path));
      });
    });
  });
});

test('what is remembered survives a restart', () => {
  const log = new TestLog();
  const ana = log.register('Ana');
  const remember = requestKey('key');
  const first = log.book(ana, {}, { remember });
  log.book(ana, {}, { remember });
  const path = newPath();
  withMachine(path, ({ machine }) => applyAll(machine, log.entries.slice(0, 2)));
  withMachine(path, ({ machine }) => {
    const answer = { kind: 'appointment', key: keyAt(first, 0), version: 1 };
    expect(applyAll(machine, log.entries)).toEqual([{ kind: 'done', answer, replayed: true }]);
  });
  expect(dumpTables(path)['appointments']).toHaveLength(1);
});
