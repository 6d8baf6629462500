import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { LogStore } from '../../src/consensus/ports.ts';
import { entryBytes } from '../../src/consensus/raft/entry.ts';
import {
  commandEntries,
  commandEntry,
  configurationEntry,
  enterTerm,
  logBase,
  noOpEntry,
  persist,
  plainEntries,
} from '../support/log-fixtures.ts';

/** One log store under test. */
export interface LogStoreUnderTest {
  readonly store: LogStore;
  /** Closes the store and opens it again on the same disk. */
  reopen(): Promise<LogStore>;
  cleanUp(): Promise<void>;
}

const ALL = Number.MAX_SAFE_INTEGER;
const one = { node_id: 'agenda-1', storage_id: 's1' };
const two = { node_id: 'agenda-2', storage_id: 's2' };

/** What every {@link LogStore} must do. */
export function describeLogStore(name: string, setup: () => Promise<LogStoreUnderTest>): void {
  describe(`${name} is a log store`, () => {
    let subject: LogStoreUnderTest;
    let store: LogStore;

    beforeEach(async () => {
      subject = await setup();
      store = subject.store;
    });
    afterEach(() => subject.cleanUp());

    async function indexesAndTerms(from = 1, through = 1_000): Promise<string> {
      const entries = await store.read(from, through, ALL);
      return entries.map((entry) => `${entry.index}:${entry.term}`).join(' ');
    }

    test('a new log is empty', async () => {
      expect(await store.load()).toEqual({
        damaged: [],
        hard_state: { term: 0, voted_for: null },
        commit_index: 0,
        before_first: { index: 0, term: 0 },
        base_configuration: null,
        last_index: 0,
        term_starts: [],
        configuration_entries: [],
      });
      expect(await store.read(1, 10, ALL)).toEqual([]);
    });

    test('entries come back as they were written, also after a restart', async () => {
      const entries = [noOpEntry(1, 1), commandEntry(2, 1), commandEntry(3, 1, 10_000)];
      await store.write([enterTerm(1, { entries })]);
      expect(plainEntries(await store.read(1, 3, ALL))).toEqual(plainEntries(entries));
      store = await subject.reopen();
      expect(plainEntries(await store.read(1, 3, ALL))).toEqual(plainEntries(entries));
      expect((await store.load()).last_index).toBe(3);
    });

    test('term, vote and commit index survive a restart, and go with the entries', async () => {
      const entries = commandEntries(1, 4, 3);
      await store.write([
        persist({ hard_state: { term: 3, voted_for: two }, entries, commit_index: 2 }),
      ]);
      store = await subject.reopen();
      const stored = await store.load();
      expect(stored.hard_state).toEqual({ term: 3, voted_for: two });
      expect(stored.commit_index).toBe(2);
      expect(stored.last_index).toBe(4);
    });

    test('a vote alone is durable; a new term clears it', async () => {
      await store.write([persist({ hard_state: { term: 1, voted_for: one } })]);
      store = await subject.reopen();
      expect((await store.load()).hard_state).toEqual({ term: 1, voted_for: one });
      await store.write([enterTerm(2)]);
      store = await subject.reopen();
      expect((await store.load()).hard_state).toEqual({ term: 2, voted_for: null });
    });

    test('a commit index alone changes nothing on the disk', async () => {
      await store.write([enterTerm(1, { entries: commandEntries(1, 3, 1), commit_index: 1 })]);
      await store.write([persist({ commit_index: 3 })]);
      store = await subject.reopen();
      expect((await store.load()).commit_index).toBe(1);
    });

    test('truncation deletes what follows, and what is appended replaces it', async () => {
      await store.write([enterTerm(1, { entries: commandEntries(1, 5, 1) })]);
      await store.write([enterTerm(2, { truncate_from: 3, entries: [commandEntry(3, 2)] })]);
      expect(await indexesAndTerms()).toBe('1:1 2:1 3:2');
      store = await subject.reopen();
      expect(await indexesAndTerms()).toBe('1:1 2:1 3:2');
      const stored = await store.load();
      expect(stored.last_index).toBe(3);
      expect(stored.term_starts).toEqual([
        { index: 1, term: 1 },
        { index: 3, term: 2 },
      ]);
    });

    test('several writes in one call apply in their order', async () => {
      await store.write([enterTerm(1, { entries: commandEntries(1, 3, 1) })]);
      await store.write([
        persist({ write_id: 2, entries: commandEntries(4, 6, 1), commit_index: 1 }),
        enterTerm(2, { write_id: 3, truncate_from: 5, entries: commandEntries(5, 7, 2) }),
        enterTerm(3, { write_id: 4, truncate_from: 3 }),
        persist({ write_id: 5, entries: commandEntries(3, 3, 3), commit_index: 2 }),
      ]);
      expect(await indexesAndTerms()).toBe('1:1 2:1 3:3');
      store = await subject.reopen();
      expect(await indexesAndTerms()).toBe('1:1 2:1 3:3');
      expect((await store.load()).commit_index).toBe(2);
    });

    test('a read sees the writes called before it, awaited or not', async () => {
      const written = [
        store.write([enterTerm(1, { entries: commandEntries(1, 2, 1) })]),
        store.write([persist({ write_id: 2, entries: commandEntries(3, 4, 1) })]),
      ];
      const seen = indexesAndTerms();
      const later = store.write([enterTerm(2, { truncate_from: 2 })]);
      expect(await seen).toBe('1:1 2:1 3:1 4:1');
      expect(await indexesAndTerms()).toBe('1:1');
      await Promise.all([...written, later]);
    });

    test('writes resolve in the order of the calls', async () => {
      const resolved: number[] = [];
      const writes: Promise<void>[] = [store.write([enterTerm(1)])];
      for (let index = 1; index <= 50; index++) {
        const entries = [commandEntry(index, 1)];
        writes.push(store.write([persist({ entries })]).then(() => void resolved.push(index)));
      }
      await Promise.all(writes);
      expect(resolved).toEqual([...resolved].sort((a, b) => a - b));
      expect(resolved).toHaveLength(50);
    });

    test('a read is bounded by its range and by bytes, and gives at least one entry', async () => {
      const entries = commandEntries(1, 10, 1, 100);
      const [first] = entries;
      const entry_bytes = first === undefined ? 0 : entryBytes(first);
      await store.write([enterTerm(1, { entries })]);
      expect(await indexesAndTerms(4, 6)).toBe('4:1 5:1 6:1');
      expect(await indexesAndTerms(9, 20)).toBe('9:1 10:1');
      expect(await indexesAndTerms(11, 20)).toBe('');
      expect(await indexesAndTerms(5, 4)).toBe('');
      expect(await store.read(1, 10, entry_bytes * 3)).toHaveLength(3);
      expect(await store.read(1, 10, entry_bytes * 3 - 1)).toHaveLength(2);
      expect(await store.read(1, 10, 0)).toHaveLength(1);
    });

    test('where terms start and which configurations there are is told on loading', async () => {
      const configurations = [
        configurationEntry(1, 1, [one]),
        configurationEntry(5, 4, [one, two]),
      ];
      await store.write([
        enterTerm(4, {
          entries: [
            ...configurations.slice(0, 1),
            noOpEntry(2, 2),
            ...commandEntries(3, 4, 2),
            ...configurations.slice(1),
            commandEntry(6, 4),
          ],
        }),
      ]);
      store = await subject.reopen();
      const stored = await store.load();
      expect(stored.term_starts).toEqual([
        { index: 1, term: 1 },
        { index: 2, term: 2 },
        { index: 5, term: 4 },
      ]);
      expect(plainEntries(stored.configuration_entries)).toEqual(plainEntries(configurations));
    });

    describe('a cut', () => {
      const base = logBase(4, 2, [one, two]);

      async function cutAtFour(): Promise<void> {
        const entries = [...commandEntries(1, 2, 1), ...commandEntries(3, 6, 2)];
        await store.write([enterTerm(2, { entries, commit_index: 1 })]);
        await store.write([persist({ base })]);
      }

      test('what lies before is gone for good, and what the log rests on is told', async () => {
        await cutAtFour();
        expect(await indexesAndTerms(5)).toBe('5:2 6:2');
        store = await subject.reopen();
        expect(await store.load()).toEqual({
          damaged: [],
          hard_state: { term: 2, voted_for: null },
          // What is cut was committed, whatever the hint on the disk said before.
          commit_index: 4,
          before_first: { index: 4, term: 2 },
          base_configuration: base.configuration,
          last_index: 6,
          term_starts: [{ index: 5, term: 2 }],
          configuration_entries: [],
        });
        expect(await indexesAndTerms(5)).toBe('5:2 6:2');
        expect(await store.read(4, 6, ALL)).toEqual([]);
      });

      test('the log goes on after it, and is cut again', async () => {
        await cutAtFour();
        await store.write([enterTerm(3, { truncate_from: 6, entries: commandEntries(6, 8, 3) })]);
        await store.write([persist({ base: logBase(8, 3, [one], 2) })]);
        store = await subject.reopen();
        const stored = await store.load();
        expect(stored.before_first).toEqual({ index: 8, term: 3 });
        expect(stored.base_configuration?.index).toBe(2);
        expect(stored.base_configuration?.configuration.voters).toEqual([one]);
        expect(stored.last_index).toBe(8);
        expect(stored.term_starts).toEqual([]);
        await store.write([persist({ entries: commandEntries(9, 9, 3) })]);
        store = await subject.reopen();
        expect(await indexesAndTerms(9)).toBe('9:3');
      });

      test('beyond the end, as a snapshot makes it: nothing is left, and the log goes on there', async () => {
        await store.write([enterTerm(2, { entries: commandEntries(1, 6, 2), commit_index: 3 })]);
        await store.write([
          enterTerm(5, { truncate_from: 4, base: logBase(100, 5, [one, two], 50) }),
          persist({ entries: commandEntries(101, 102, 5) }),
        ]);
        store = await subject.reopen();
        const stored = await store.load();
        expect(stored.before_first).toEqual({ index: 100, term: 5 });
        expect(stored.commit_index).toBe(100);
        expect(stored.last_index).toBe(102);
        expect(await indexesAndTerms(101)).toBe('101:5 102:5');
      });

      test('with what it cuts in one call: that is not written at all', async () => {
        await store.write([
          enterTerm(2, { entries: commandEntries(1, 6, 2) }),
          persist({ base }),
          persist({ entries: commandEntries(7, 7, 2) }),
        ]);
        store = await subject.reopen();
        expect(await indexesAndTerms(5)).toBe('5:2 6:2 7:2');
      });

      test.each([
        ['a cut where the log is cut already', persist({ base })],
        ['truncating what is cut', persist({ truncate_from: 4 })],
        ['a cut at a term that is not durable', persist({ base: logBase(6, 3, [one]) })],
      ])('%s is refused', async (_, write) => {
        await cutAtFour();
        await expect(store.write([write])).rejects.toThrow();
      });
    });

    test('a gap is refused, and that is final', async () => {
      await store.write([enterTerm(1, { entries: commandEntries(1, 2, 1) })]);
      await expect(store.write([persist({ entries: [commandEntry(4, 1)] })])).rejects.toThrow(
        'does not follow',
      );
      await expect(store.write([persist({ entries: [commandEntry(3, 1)] })])).rejects.toThrow();
      await expect(store.load()).rejects.toThrow();
      store = await subject.reopen();
      expect(await indexesAndTerms()).toBe('1:1 2:1');
    });

    test('a repair of what is not damaged is refused, and nothing else is', async () => {
      await store.write([enterTerm(1, { entries: commandEntries(1, 3, 1) })]);
      await expect(store.repair([commandEntry(2, 1)])).rejects.toThrow('not damaged');
      await store.write([persist({ write_id: 2, entries: [commandEntry(4, 1)] })]);
      expect(await indexesAndTerms()).toBe('1:1 2:1 3:1 4:1');
    });

    test.each([
      ['a second vote in a term', persist({ hard_state: { term: 2, voted_for: two } })],
      ['a vote taken back', persist({ hard_state: { term: 2, voted_for: null } })],
      ['an earlier term', enterTerm(1)],
      ['an entry of a term that is not durable', persist({ entries: [commandEntry(4, 3)] })],
      ['truncating a committed entry', persist({ truncate_from: 2 })],
      ['committing what is not there', persist({ entries: [commandEntry(4, 2)], commit_index: 5 })],
    ])('%s is refused', async (_, write) => {
      await store.write([
        persist({
          hard_state: { term: 2, voted_for: one },
          entries: commandEntries(1, 3, 2),
          commit_index: 2,
        }),
      ]);
      await expect(store.write([write])).rejects.toThrow();
    });

    test('after closing, what was called before is done and everything else rejected', async () => {
      const written = store.write([enterTerm(1, { entries: commandEntries(1, 2, 1) })]);
      await store.close();
      await written;
      await expect(store.read(1, 2, ALL)).rejects.toThrow('closed');
      await expect(store.write([])).rejects.toThrow('closed');
      store = await subject.reopen();
      expect(await indexesAndTerms()).toBe('1:1 2:1');
    });
  });
}
