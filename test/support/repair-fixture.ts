import { expect } from '@jest/globals';
import { must } from '../../src/base/assert.ts';
import type { Prng } from '../../src/base/prng.ts';
import type { EntrySource } from '../../src/consensus/entry-offer.ts';
import { offerEntry } from '../../src/consensus/entry-offer.ts';
import { repairLog } from '../../src/consensus/log-repair.ts';
import type { StoredLog } from '../../src/consensus/ports.ts';
import type { Entry } from '../../src/consensus/raft/entry.ts';
import type { LogBase } from '../../src/consensus/raft/log-base.ts';
import { commandEntries, enterTerm, logBase, persist } from './log-fixtures.ts';
import { member, votersUpTo } from './raft-fixture.ts';
import type { RandomLog } from './random-logs.ts';
import { SimulatedLogStore } from './simulated-log-store.ts';
import { VirtualClock } from './virtual-clock.ts';

/** Another replica, and what it knows to be committed. */
export interface Peer {
  readonly store: SimulatedLogStore;
  committed: number;
  readonly base: LogBase | null;
}

export async function storeOf(
  entries: readonly Entry[],
  term: number,
  committed = 0,
): Promise<SimulatedLogStore> {
  const store = new SimulatedLogStore();
  await store.write([enterTerm(term, { entries, commit_index: committed })]);
  return store;
}

export async function peerOf(
  entries: readonly Entry[],
  term: number,
  committed: number,
): Promise<Peer> {
  return { store: await storeOf(entries, term, committed), committed, base: null };
}

/** Its state stands at least at `through`, where it has cut its log. */
export async function cutPeerOf(
  entries: readonly Entry[],
  term: number,
  committed: number,
  through: number,
): Promise<Peer> {
  const peer = await peerOf(entries, term, committed);
  const base = logBase(through, must(entries[through - 1], 'what is cut').term, [member(1)]);
  await peer.store.write([persist({ base, commit_index: committed })]);
  return { ...peer, base };
}

export function sourceOf(peers: readonly Peer[]): EntrySource {
  return {
    hasOthers: () => true,
    ask: (question) =>
      Promise.all(
        peers.map(({ store, committed, base }) =>
          offerEntry(store, { committed_through: committed, base }, question),
        ),
      ),
  };
}

/** A repair under way, in virtual time. */
export function startRepair(
  store: SimulatedLogStore,
  source: EntrySource,
  applied_index = 0,
  base: LogBase | null = null,
): { clock: VirtualClock; events: string[]; result: () => StoredLog | null; error: () => unknown } {
  const clock = new VirtualClock();
  const events: string[] = [];
  let result: StoredLog | null = null;
  let failure: unknown = null;
  repairLog({
    store,
    source,
    clock: clock.forProcess().clock,
    applied_index,
    durableBase: () => Promise.resolve(base),
    observer: {
      waiting: (index, why) => void events.push(`waiting ${index}: ${why}`),
      repaired: (index) => void events.push(`repaired ${index}`),
      cut: (from) => void events.push(`cut ${from}`),
      covered: (through) => void events.push(`covered ${through}`),
      adopted: (through) => void events.push(`adopted ${through}`),
    },
  }).then(
    (stored) => {
      result = stored;
    },
    (error: unknown) => {
      failure = error;
    },
  );
  return { clock, events, result: () => result, error: () => failure };
}

export const ten = commandEntries(1, 10, 1);

/** Up to four of so many entries, in one way or another. */
export function damageSome(prng: Prng, store: SimulatedLogStore, entries: number): void {
  for (let left = 1 + prng.below(4); left > 0; left -= 1) {
    const kinds = ['payload', 'row', 'lost'] as const;
    store.damage(1 + prng.below(entries), kinds[prng.below(3)] ?? 'lost');
  }
}

/** Where a state stands that three voters have agreed on. */
export function stateAt(index: number): LogBase {
  return { index, term: 1, configuration: { index: 1, configuration: votersUpTo(3) } };
}

/**
 * The log is what it was; or it parts from it where something else was committed. And logs still agree
 * on all before an entry of which they agree on the term.
 */
export function assertAllowed(
  repaired: readonly Entry[],
  own: RandomLog,
  logs: readonly RandomLog[],
): void {
  const committed = logs
    .toSorted((one, other) => other.committed - one.committed)
    .map((log) => log.entries.slice(0, log.committed))[0];
  const parts = own.entries.findIndex((entry, at) => repaired[at]?.checksum !== entry.checksum);
  if (parts === -1) expect(repaired).toEqual(own.entries);
  else {
    const instead = committed?.findIndex((entry, at) => own.entries[at]?.term !== entry.term) ?? -1;
    expect(instead).toBeGreaterThanOrEqual(0);
    expect(instead).toBeLessThanOrEqual(parts);
  }
  for (const log of [...logs, own]) {
    for (let at = Math.min(repaired.length, log.entries.length) - 1; at >= 0; at -= 1) {
      if (repaired[at]?.term !== log.entries[at]?.term) continue;
      expect(repaired.slice(0, at + 1)).toEqual(log.entries.slice(0, at + 1));
      break;
    }
  }
  for (let at = 1; at < repaired.length; at += 1) {
    expect(repaired[at]?.term).toBeGreaterThanOrEqual(repaired[at - 1]?.term ?? 0);
  }
}
