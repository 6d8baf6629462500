import { describe, expect, test } from '@jest/globals';
import { must } from '../../src/base/assert.ts';
import { seededPrng } from '../../src/base/prng.ts';
import type { Prng } from '../../src/base/prng.ts';
import { commandEntries, commandEntry } from '../support/log-fixtures.ts';
import { randomLogs } from '../support/random-logs.ts';
import {
  assertAllowed,
  damageSome,
  cutPeerOf,
  peerOf,
  sourceOf,
  startRepair,
  stateAt,
  storeOf,
  ten,
} from '../support/repair-fixture.ts';

describe('what all others have cut away, beyond the own state', () => {
  test('is cut here as well, where one of them has: the rest of the log stays', async () => {
    const store = await storeOf(ten, 1);
    store.damage(3, 'payload');
    const peers = [await cutPeerOf(ten, 1, 8, 7), await cutPeerOf(ten, 1, 8, 5)];
    const repair = startRepair(store, sourceOf(peers), 2, stateAt(2));
    await repair.clock.until('whole', () => repair.result() !== null);
    expect(repair.events.at(-1)).toBe('adopted 5');
    expect(repair.result()).toMatchObject({
      before_first: { index: 5, term: 1 },
      commit_index: 5,
      last_index: 10,
      damaged: [],
    });
    expect(store.durable.entries).toEqual(ten.slice(5));
  });

  test('beyond the end of this log, and of a later term: nothing is left, and that term is entered', async () => {
    const store = await storeOf(ten.slice(0, 4), 1, 2);
    store.damage(4, 'lost');
    const longer = [...ten.slice(0, 4), ...commandEntries(5, 9, 3)];
    const repair = startRepair(store, sourceOf([await cutPeerOf(longer, 3, 9, 6)]));
    await repair.clock.until('whole', () => repair.result() !== null);
    expect(repair.events.at(-1)).toBe('adopted 6');
    expect(repair.result()).toMatchObject({
      before_first: { index: 6, term: 3 },
      hard_state: { term: 3, voted_for: null },
      last_index: 6,
    });
  });

  test('what follows and was never committed goes with it', async () => {
    const store = await storeOf([...ten.slice(0, 4), ...commandEntries(5, 9, 2)], 2, 3);
    store.damage(4, 'row');
    const other = [...ten.slice(0, 4), ...commandEntries(5, 9, 3)];
    const repair = startRepair(store, sourceOf([await cutPeerOf(other, 3, 9, 6)]));
    await repair.clock.until('whole', () => repair.result() !== null);
    expect(repair.events.at(-1)).toBe('adopted 6');
    expect(repair.result()).toMatchObject({ last_index: 6, hard_state: { term: 3 } });
    expect(store.durable.entries).toEqual([]);
  });

  test('damaged there as well: what is committed further on tells whose history this is', async () => {
    const same = await storeOf(ten, 1);
    const other = await storeOf([...ten.slice(0, 2), ...commandEntries(3, 10, 2)], 2);
    for (const store of [same, other]) {
      for (const index of [3, 5]) store.damage(index, 'lost');
    }
    const peers = [await cutPeerOf(ten.slice(0, 5), 1, 5, 5)];
    const undecided = startRepair(same, sourceOf(peers));
    await undecided.clock.advance(60_000);
    expect(undecided.events.at(-1)).toMatch(/^waiting 3/);
    peers.splice(0, 1, await cutPeerOf(ten, 1, 8, 5));
    const repairs = [undecided, startRepair(other, sourceOf(peers))];
    for (const repair of repairs) {
      await repair.clock.until('whole', () => repair.result() !== null);
    }
    expect(repairs.map(({ events }) => events.at(-1))).toEqual(['adopted 5', 'adopted 5']);
    expect(same.durable.entries).toEqual(ten.slice(5));
    expect(other.durable.entries).toEqual([]);
  });

  test('it waits for who stands far enough, and takes an entry rather', async () => {
    const store = await storeOf(ten, 1);
    store.damage(7, 'lost');
    const before = await cutPeerOf(ten, 1, 8, 5);
    before.store.damage(7, 'lost');
    const repair = startRepair(store, sourceOf([before]));
    await repair.clock.advance(60_000);
    expect(repair.result()).toBeNull();
    const both = [await cutPeerOf(ten, 1, 8, 8), await cutPeerOf(ten, 1, 8, 5)];
    const again = startRepair(store, sourceOf(both));
    await again.clock.until('whole', () => again.result() !== null);
    expect(again.events).toEqual(['repaired 7']);
  });
});

describe('whose history it is', () => {
  const stale = [...ten.slice(0, 4), ...commandEntries(5, 7, 2)];
  const committed = [...ten.slice(0, 4), ...commandEntries(5, 9, 3)];

  test('what stood behind the cut is not put back there when it is of another history', async () => {
    const store = await storeOf(stale, 2);
    for (const index of [4, 6, 7]) store.damage(index, 'payload');
    const beaten = await peerOf(stale, 2, 4);
    beaten.store.damage(4, 'lost');
    const repair = startRepair(store, sourceOf([await cutPeerOf(committed, 3, 9, 6), beaten]));
    await repair.clock.until('whole', () => repair.result() !== null);
    expect(repair.events.slice(-2)).toEqual(['adopted 6', 'repaired 7']);
    expect(store.durable.entries).toEqual(committed.slice(6, 7));
  });

  test('before what is contradicted nothing acknowledged is deleted', async () => {
    const store = await storeOf([...ten.slice(0, 7), commandEntry(8, 2)], 2);
    for (const index of [3, 5, 6, 7]) store.damage(index, 'lost');
    const longer = [...ten.slice(0, 7), ...commandEntries(8, 12, 3)];
    const repair = startRepair(store, sourceOf([await cutPeerOf(longer, 3, 12, 5)]));
    await repair.clock.until('whole', () => repair.result() !== null);
    const what = repair.events.filter((event) => !event.startsWith('waiting'));
    expect(what).toEqual(['cut 8', 'adopted 5', 'repaired 6', 'repaired 7']);
    expect(store.durable.entries).toEqual(ten.slice(5, 7));
  });

  test('an undamaged entry before it is contradicted: from there on it is of another history', async () => {
    const store = await storeOf([...ten.slice(0, 4), ...commandEntries(5, 7, 2)], 3, 3);
    store.damage(7, 'lost');
    const other = [...ten.slice(0, 4), ...commandEntries(5, 9, 3)];
    const repair = startRepair(store, sourceOf([await peerOf(other, 3, 9)]));
    await repair.clock.until('whole', () => repair.result() !== null);
    expect(repair.events).toEqual(['cut 6']);
    expect(store.durable.entries).toEqual([...ten.slice(0, 4), commandEntry(5, 2)]);
  });

  test('a log that is cut right before an entry shows that it has what comes before', async () => {
    const store = await storeOf(ten.slice(0, 5), 1, 2);
    store.damage(5, 'lost');
    const repair = startRepair(store, sourceOf([await cutPeerOf(ten, 1, 8, 4)]));
    await repair.clock.until('whole', () => repair.result() !== null);
    expect(repair.events).toEqual(['repaired 5']);
  });

  test('who has nothing at all keeps nobody waiting', async () => {
    const store = await storeOf(ten, 1);
    store.damage(3, 'lost');
    const peers = [await peerOf([], 0, 0), await cutPeerOf(ten, 1, 8, 5)];
    const repair = startRepair(store, sourceOf(peers));
    await repair.clock.until('whole', () => repair.result() !== null);
    expect(repair.events.at(-1)).toBe('adopted 5');
  });

  test('of several places the first that decides', async () => {
    const store = await storeOf(ten, 1);
    for (const index of [3, 5]) store.damage(index, 'lost');
    const peers = [
      await cutPeerOf(ten.slice(0, 5), 1, 5, 5),
      await cutPeerOf(ten.slice(0, 8), 1, 8, 8),
    ];
    const repair = startRepair(store, sourceOf(peers));
    await repair.clock.until('whole', () => repair.result() !== null);
    expect(repair.events.at(-1)).toBe('adopted 8');
    expect(store.durable.entries).toEqual(ten.slice(8));
  });

  test.each([
    ['the entry where it stands is another', 6, 'covered 7', 7],
    // What is left is brought along when the log is opened, as any whole one.
    ['the entry where it stands is damaged', 7, 'cut 6', 5],
  ])('a state that a snapshot replaced, beside the log of before: %s', async (_, ...row) => {
    const [index, event, last_index] = row;
    const store = await storeOf([...ten.slice(0, 4), ...commandEntries(5, 9, 2)], 3, 4);
    store.damage(index, 'lost');
    const peer = await peerOf([...ten.slice(0, 4), ...commandEntries(5, 10, 3)], 3, 10);
    const repair = startRepair(store, sourceOf([peer]), 7, { ...stateAt(7), term: 3 });
    await repair.clock.until('whole', () => repair.result() !== null);
    expect(repair.events.at(-1)).toBe(event);
    expect(repair.result()).toMatchObject({ last_index, damaged: [] });
    expect(store.durable.entries.every((entry) => entry.term < 3)).toBe(true);
  });
});

describe('whatever happened before, and whatever is damaged', () => {
  test.each(Array.from({ length: 8 }, (_, block) => block))(
    'where the others have cut their logs, block %i',
    async (block) => {
      let adopted = 0;
      for (let seed = block * 150; seed < block * 150 + 150; seed += 1) {
        if (await damageAndAdopt(seededPrng(seed))) adopted += 1;
      }
      expect(adopted).toBeGreaterThan(10);
    },
  );

  /** Whether the log was cut; asserts that what is left of it is what was there or belongs nowhere. */
  async function damageAndAdopt(prng: Prng): Promise<boolean> {
    const logs = randomLogs(prng, 8 + prng.below(12));
    const own = must(logs[prng.below(3)], 'a replica');
    const [longest] = logs.toSorted((one, other) => other.committed - one.committed);
    const { entries, committed } = must(longest, 'a replica');
    if (own.entries.length === 0 || committed === 0) return false;
    const known = entries.slice(0, committed);
    const term_max = Math.max(...logs.map(({ term }) => term));
    const peers = await Promise.all(
      [1, 2].map(() => cutPeerOf(known, term_max, committed, 1 + prng.below(committed))),
    );
    const store = await storeOf(own.entries, own.term);
    damageSome(prng, store, own.entries.length);
    const repair = startRepair(store, sourceOf(peers));
    await repair.clock.advance(20_000);
    expect(repair.error()).toBeNull();
    const result = repair.result();
    if (result === null || result.before_first.index === 0) return false;
    const { index, term } = result.before_first;
    expect(known[index - 1]?.term).toBe(term);
    const is_of_its_history = own.entries[index - 1]?.term === term;
    // A tail of which nothing was readable may be what is committed instead: it never counted.
    const left = store.durable.entries;
    if (left.length > 0 && is_of_its_history) {
      assertAllowed([...own.entries.slice(0, index), ...left], own, logs);
    }
    if (left.length > 0 && !is_of_its_history) {
      expect(left).toEqual(known.slice(index, index + left.length));
    }
    if (is_of_its_history) expect(result.last_index).toBeGreaterThanOrEqual(index);
    return true;
  }
});
