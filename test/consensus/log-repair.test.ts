import { describe, expect, test } from '@jest/globals';
import { must } from '../../src/base/assert.ts';
import { seededPrng } from '../../src/base/prng.ts';
import type { Prng } from '../../src/base/prng.ts';
import type { EntrySource } from '../../src/consensus/entry-offer.ts';
import { offerEntry } from '../../src/consensus/entry-offer.ts';
import { LogCorruptError } from '../../src/consensus/log-corrupt-error.ts';
import { commandEntries, commandEntry, enterTerm, persist } from '../support/log-fixtures.ts';
import { randomLogs } from '../support/random-logs.ts';
import {
  assertAllowed,
  damageSome,
  peerOf,
  sourceOf,
  startRepair,
  stateAt,
  storeOf,
  ten,
} from '../support/repair-fixture.ts';

describe('a damaged log is made whole before it takes part in anything', () => {
  test.each(['payload', 'row', 'lost'] as const)('a committed entry: %s', async (damage) => {
    const store = await storeOf(ten, 1, 8);
    store.damage(5, damage);
    store.damage(6, damage);
    const repair = startRepair(store, sourceOf([await peerOf(ten, 1, 8)]));
    await repair.clock.until('whole', () => repair.result() !== null);
    expect(repair.events).toEqual(['repaired 5', 'repaired 6']);
    expect(store.durable.entries).toEqual(ten);
    expect(repair.result()).toMatchObject({ damaged: [], last_index: 10 });
  });

  test('a peer that does not know it to be committed proves nothing to a row that says nothing', async () => {
    const store = await storeOf(ten.slice(0, 5), 1, 5);
    store.damage(5, 'lost');
    const peer = await peerOf(ten, 1, 4);
    const repair = startRepair(store, sourceOf([peer]));
    await repair.clock.advance(60_000);
    expect(repair.result()).toBeNull();
    expect(repair.events[0]).toMatch(/^waiting 5: .*committed/);
    peer.committed = 5;
    await repair.clock.until('whole', () => repair.result() !== null);
    expect(store.durable.entries).toEqual(ten.slice(0, 5));
  });

  test('what nobody has any more is let go of, when the durable state stands for it', async () => {
    const store = await storeOf(ten, 1, 8);
    store.damage(3, 'lost');
    const peer = { ...(await peerOf([], 1, 0)), committed: 8 };
    const repair = startRepair(store, sourceOf([peer]), 8, stateAt(7));
    await repair.clock.until('whole', () => repair.result() !== null);
    expect(repair.events).toEqual(['covered 7']);
    expect(repair.result()).toMatchObject({ before_first: { index: 7, term: 1 }, damaged: [] });
    expect(store.durable.entries).toEqual(ten.slice(7));
  });

  test('nothing is let go of that the state does not stand for, nor what another replica has', async () => {
    const waiting = await storeOf(ten, 1, 8);
    waiting.damage(8, 'lost');
    const empty = { ...(await peerOf([], 1, 0)), committed: 8 };
    const in_vain = startRepair(waiting, sourceOf([empty]), 7, stateAt(7));
    await in_vain.clock.advance(60_000);
    expect(in_vain.result()).toBeNull();
    const silent = await storeOf(ten, 1, 8);
    silent.damage(3, 'lost');
    const unanswered = startRepair(silent, sourceOf([]), 8, stateAt(7));
    await unanswered.clock.advance(60_000);
    expect(unanswered.result()).toBeNull();
    const store = await storeOf(ten, 1, 8);
    store.damage(3, 'lost');
    const repair = startRepair(store, sourceOf([await peerOf(ten, 1, 8)]), 8, stateAt(7));
    await repair.clock.until('whole', () => repair.result() !== null);
    expect(repair.events).toEqual(['repaired 3']);
  });

  test('a replica alone lets go of what its state stands for', async () => {
    const store = await storeOf(ten, 1, 8);
    store.damage(3, 'row');
    const alone = { hasOthers: () => false, ask: () => Promise.resolve([]) };
    const repair = startRepair(store, alone, 8, stateAt(8));
    await repair.clock.until('whole', () => repair.result() !== null);
    expect(repair.events).toEqual(['covered 8']);
  });

  test('what the state machine has applied was committed, whatever the hint says', async () => {
    const store = await storeOf(ten, 1);
    store.damage(3, 'lost');
    store.damage(4, 'row');
    const repair = startRepair(store, sourceOf([await peerOf(ten.slice(0, 6), 1, 6)]), 6);
    await repair.clock.until('whole', () => repair.result() !== null);
    expect(store.durable.entries).toEqual(ten);
  });

  test('beyond what is committed: the row still says which one it was', async () => {
    const store = await storeOf(ten, 1);
    store.damage(10, 'payload');
    const repair = startRepair(store, sourceOf([await peerOf(ten, 1, 0)]));
    await repair.clock.until('whole', () => repair.result() !== null);
    expect(store.durable.entries).toEqual(ten);
  });

  test('beyond what is committed: an undamaged later entry that both have', async () => {
    const store = await storeOf(ten, 1);
    for (const index of [4, 5, 7]) store.damage(index, 'lost');
    const repair = startRepair(store, sourceOf([await peerOf(ten, 1, 0)]));
    await repair.clock.until('whole', () => repair.result() !== null);
    expect(store.durable.entries).toEqual(ten);
  });

  test('beyond what anybody knows to be committed, and nobody has the same: it waits, and says so', async () => {
    const store = await storeOf([...ten.slice(0, 8), ...commandEntries(9, 10, 2)], 2);
    store.damage(10, 'payload');
    const repair = startRepair(store, sourceOf([await peerOf(ten, 1, 8)]));
    await repair.clock.advance(120_000);
    expect(repair.result()).toBeNull();
    expect(repair.events.every((event) => event.startsWith('waiting 10'))).toBe(true);
    // It backs off: no more than one question every five seconds.
    expect(repair.events.length).toBeLessThan(30);
    expect(store.damaged).toEqual([10]);
  });

  test('the end of a log that lost an election: the entries committed instead', async () => {
    const committed = [...ten.slice(0, 8), ...commandEntries(9, 12, 2)];
    const store = await storeOf(ten, 2, 7);
    store.damage(9, 'row');
    store.damage(10, 'lost');
    const repair = startRepair(store, sourceOf([await peerOf(committed, 2, 12)]));
    await repair.clock.until('whole', () => repair.result() !== null);
    expect(store.durable.entries).toEqual(committed.slice(0, 10));
  });

  test('the end of a log of a term before those committed instead is cut', async () => {
    const committed = [...ten.slice(0, 8), ...commandEntries(9, 12, 3)];
    const store = await storeOf(ten, 1, 7);
    store.damage(10, 'row');
    const repair = startRepair(store, sourceOf([await peerOf(committed, 3, 12)]));
    await repair.clock.until('whole', () => repair.result() !== null);
    // 9 is undamaged, and contradicted as well.
    expect(repair.events).toEqual(['cut 9']);
    expect(store.durable.entries).toEqual(ten.slice(0, 8));
  });

  test('followed by what can never be committed: that is cut, and then the end is judged', async () => {
    const committed = [...ten.slice(0, 8), ...commandEntries(9, 12, 2)];
    const store = await storeOf(ten, 2, 7);
    store.damage(9, 'lost');
    const repair = startRepair(store, sourceOf([await peerOf(committed, 2, 12)]));
    await repair.clock.until('whole', () => repair.result() !== null);
    expect(repair.events).toEqual(['cut 10', 'repaired 9']);
    expect(store.durable.entries).toEqual(committed.slice(0, 9));
  });

  test('an entry before a stale one is not put in the place of the last: it would join two histories', async () => {
    // 8 is stale here (term 1, committed there in term 2); only 9, the last, is damaged.
    const committed = [...ten.slice(0, 7), ...commandEntries(8, 12, 2)];
    const store = await storeOf(ten.slice(0, 9), 2, 7);
    store.damage(9, 'lost');
    const repair = startRepair(store, sourceOf([await peerOf(committed, 2, 12)]));
    await repair.clock.until('whole', () => repair.result() !== null);
    expect(repair.events).toEqual(['cut 8']);
    expect(store.durable.entries).toEqual(ten.slice(0, 7));
  });

  test('the end of a log is taken over whole or not at all', async () => {
    const store = await storeOf(ten, 2, 7);
    store.damage(9, 'row');
    store.damage(10, 'payload');
    const committed = [...ten.slice(0, 8), commandEntry(9, 2)];
    const repair = startRepair(store, sourceOf([await peerOf(committed, 2, 9)]));
    await repair.clock.advance(60_000);
    // Had 9 been replaced, 10 could come back behind it from whoever still has it.
    expect(store.damaged).toEqual([9, 10]);
    const again = startRepair(store, sourceOf([await peerOf(ten, 2, 7)]));
    await again.clock.until('whole', () => again.result() !== null);
    expect(store.durable.entries).toEqual(ten);
  });

  test('a peer that is damaged at the same place is of no use, one damaged elsewhere is', async () => {
    const store = await storeOf(ten, 1, 10);
    store.damage(3, 'lost');
    const [one, other] = [await peerOf(ten, 1, 10), await peerOf(ten, 1, 10)];
    one.store.damage(3, 'lost');
    other.store.damage(4, 'row');
    const repair = startRepair(store, sourceOf([one]));
    await repair.clock.advance(10_000);
    expect(repair.events[0]).toMatch('no replica that answers has it');
    const again = startRepair(store, sourceOf([one, other]));
    await again.clock.until('whole', () => again.result() !== null);
    expect(store.durable.entries).toEqual(ten);
  });

  test('nobody is asked for what follows an entry that nobody has', async () => {
    const store = await storeOf(ten, 1, 10);
    for (let index = 3; index <= 10; index += 1) store.damage(index, 'lost');
    const peer = await peerOf(ten, 1, 10);
    for (const peers of [[], [await peerOf(ten.slice(0, 2), 1, 2)]]) {
      const source = sourceOf(peers);
      const asked: number[] = [];
      const counted: EntrySource = {
        hasOthers: () => source.hasOthers(),
        ask(question) {
          asked.push(question.index);
          return source.ask(question);
        },
      };
      const repair = startRepair(store, counted);
      await repair.clock.advance(10_000);
      expect(asked.length).toBeGreaterThan(1);
      expect(new Set(asked)).toEqual(new Set([3]));
    }
    const repair = startRepair(store, sourceOf([peer]));
    await repair.clock.until('whole', () => repair.result() !== null);
    expect(store.durable.entries).toEqual(ten);
  });

  test('a replica alone says so', async () => {
    const store = await storeOf(ten, 1, 10);
    store.damage(3, 'lost');
    const repair = startRepair(store, { hasOthers: () => false, ask: () => Promise.resolve([]) });
    await repair.clock.advance(10);
    expect(repair.error()).toBeInstanceOf(LogCorruptError);
    expect(repair.error()).toMatchObject({ index: 3 });
  });

  const nowhere = { committed_through: 0, base: null };

  test('an offer is of one log, also while that log changes', async () => {
    const store = await storeOf(ten, 1);
    const offering = offerEntry(store, nowhere, { index: 5, before_index: 4, after_index: 6 });
    const changing = store.write([
      enterTerm(2, { truncate_from: 5, entries: commandEntries(5, 6, 2) }),
    ]);
    expect(await offering).toMatchObject({ entry: { term: 1 }, before_term: 1, after_term: 1 });
    await changing;
    await store.write([persist({ write_id: 3, entries: [commandEntry(7, 2)] })]);
    const offer = await offerEntry(store, nowhere, { index: 5, before_index: 4, after_index: 7 });
    expect(offer).toMatchObject({ entry: { term: 2 }, before_term: 1, after_term: 2 });
  });
});

describe('whatever happened before, and whatever is damaged', () => {
  test.each(Array.from({ length: 12 }, (_, block) => block))(
    'histories, block %i',
    async (block) => {
      let whole = 0;
      for (let seed = block * 150; seed < block * 150 + 150; seed += 1) {
        if (await damageAndRepair(seededPrng(seed))) whole += 1;
      }
      expect(whole).toBeGreaterThan(30);
    },
  );

  /** Whether the log became whole; asserts that it may be what it has become. */
  async function damageAndRepair(prng: Prng): Promise<boolean> {
    const logs = randomLogs(prng, 8 + prng.below(12));
    const own = must(logs[prng.below(3)], 'a replica');
    if (own.entries.length === 0) return false;
    const others = logs.filter((log) => log !== own);
    const peers = await Promise.all(
      others.map((log) => peerOf(log.entries, log.term, log.committed)),
    );
    const store = await storeOf(
      own.entries,
      own.term,
      own.committed - prng.below(own.committed + 1),
    );
    damageSome(prng, store, own.entries.length);
    const repair = startRepair(store, sourceOf(peers));
    await repair.clock.advance(2_000);
    expect(repair.error()).toBeNull();
    if (repair.result() === null) return false;
    assertAllowed(store.durable.entries, own, logs);
    return true;
  }
});
