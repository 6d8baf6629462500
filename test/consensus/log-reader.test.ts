import { expect, test } from '@jest/globals';
import type { EntryOffer } from '../../src/consensus/entry-offer.ts';
import { LogReader } from '../../src/consensus/log-reader.ts';
import type { Entry } from '../../src/consensus/raft/entry.ts';
import {
  appendToLog,
  completeWrites,
  createLog,
  persistedTermAt,
  registerWrite,
  truncateLog,
} from '../../src/consensus/raft/log.ts';
import { commandEntries, commandEntry, enterTerm } from '../support/log-fixtures.ts';
import { SimulatedLogStore } from '../support/simulated-log-store.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const ten = commandEntries(1, 10, 1);

/** A log of ten entries of term 1 whose entry 8 is damaged; who is asked for it answers when told to. */
async function damaged() {
  const store = new SimulatedLogStore();
  await store.write([enterTerm(1, { entries: ten })]);
  await store.write([enterTerm(2)]);
  store.damage(8, 'payload');
  const log = createLog({ index: 0, term: 0 }, [{ index: 1, term: 1 }], 10);
  const clock = new VirtualClock();
  const told: string[] = [];
  const answers: ((offers: readonly EntryOffer[]) => void)[] = [];
  const reader = new LogReader({
    store,
    clock: clock.forProcess().clock,
    persistedTermAt: (index) => persistedTermAt(log, index),
    repair: {
      source: {
        hasOthers: () => true,
        ask: () => new Promise((resolve) => void answers.push(resolve)),
      },
      observer: {
        waiting: (index) => void told.push(`waiting ${index}`),
        repaired: (index) => void told.push(`repaired ${index}`),
        cut: (from) => void told.push(`cut ${from}`),
        covered: () => void told.push('covered'),
        adopted: () => void told.push('adopted'),
      },
    },
    onLost: () => void told.push('lost'),
  });
  const replaced = commandEntry(8, 2);
  return {
    store,
    reader,
    told,
    answers,
    replaced,
    /** The core cuts its log before entry 8 and appends another; returns the write that brings it to the disk. */
    replace: (): (() => Promise<void>) => {
      truncateLog(log, 8);
      appendToLog(log, [replaced]);
      const write_id = registerWrite(log, true, 1);
      return async () => {
        const changes = { truncate_from: 8, entries: [replaced] };
        await store.write([{ ...enterTerm(2, changes), write_id }]);
        completeWrites(log, write_id);
      };
    },
    answer: async (entry: Entry): Promise<void> => {
      for (const resolve of answers.splice(0)) {
        resolve([{ entry, committed_through: 0, before_term: null, after_term: null, base: null }]);
      }
      await clock.advance(10);
    },
  };
}

test('a damaged entry is fetched while it runs', async () => {
  const { reader, store, told, answer } = await damaged();
  await expect(reader.read(8, 10, 1_000)).rejects.toMatchObject({ index: 8 });
  await answer(commandEntry(8, 1));
  expect(told).toEqual(['repaired 8']);
  expect(store.durable.entries).toEqual(ten);
});

test('what replaced it meanwhile is not put before its own write: the log never joins two histories', async () => {
  const { reader, store, told, answer, replace, replaced } = await damaged();
  await expect(reader.read(8, 10, 1_000)).rejects.toMatchObject({ index: 8 });
  const write = replace();
  await answer(replaced);
  expect(store.durable.entries.map(({ term }) => term)).toEqual(ten.map(() => 1));
  expect(store.damaged).toEqual([8]);
  await write();
  expect(store.durable.entries).toEqual([...ten.slice(0, 7), replaced]);
  expect(await reader.read(8, 8, 1_000)).toEqual([replaced]);
  expect(told).toEqual([]);
});

test('what is being replaced when it is found damaged is not asked for', async () => {
  const { reader, told, answers, replace } = await damaged();
  const reading = reader.read(8, 10, 1_000);
  const write = replace();
  await expect(reading).rejects.toMatchObject({ index: 8 });
  expect(answers).toEqual([]);
  await write();
  expect(told).toEqual([]);
});
