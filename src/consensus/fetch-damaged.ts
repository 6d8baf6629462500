import { assert } from '../base/assert.ts';
import type { EntryOffer, EntrySource } from './entry-offer.ts';
import { judgeOffer } from './judge-offer.ts';
import type { OfferJudgement, OwnLog } from './judge-offer.ts';
import type { DamagedEntry, LogStore, StoredLog } from './ports.ts';
import type { Entry, LogIndex } from './raft/entry.ts';
import { truncateStoredLog } from './truncate-stored-log.ts';

export interface FetchObserver {
  repaired(index: LogIndex): void;
  /** What could never have been committed was deleted from here on. */
  cut(from: LogIndex): void;
}

interface FetchOptions {
  readonly store: LogStore;
  readonly source: EntrySource;
  readonly observer: FetchObserver;
}

/** The first entry that is still damaged. */
export interface Left {
  readonly index: LogIndex;
  readonly what: string;
  /** Of it, from all that answer. */
  readonly offers: readonly EntryOffer[];
}

export interface Fetched {
  /** The log is another than before: time to look again. */
  readonly has_changed: boolean;
  readonly left: Left | null;
}

/** Asks everybody for the entries that are damaged, and puts back those that are shown to be the ones. */
export async function fetchDamaged(
  { store, source, observer }: FetchOptions,
  stored: StoredLog,
  own: OwnLog,
): Promise<Fetched> {
  let has_changed = false;
  let left: Left | null = null;
  let tail: Entry[] = [];
  for (const index of stored.damaged) {
    const damaged = await store.inspect(index);
    assert(damaged !== null, 'repaired by somebody else');
    const offers = await askAll(source, damaged);
    const judged = judgeOffers(damaged, offers, own);
    if (judged.kind === 'stale') {
      await truncateStoredLog(store, own.committed_through, judged.from);
      observer.cut(judged.from);
      return { has_changed: true, left: null };
    }
    if (judged.kind === 'same') {
      await store.repair([judged.entry]);
      observer.repaired(index);
      has_changed = true;
      // It is followed by something undamaged now.
      tail = [];
      continue;
    }
    if (judged.kind === 'committed_tail') tail.push(judged.entry);
    left ??= { index, what: damaged.what, offers };
    // Nothing starts without this one: no reason to ask for thousands that follow.
    if (judged.kind === 'unproven' && offers.every(({ entry }) => entry === null)) break;
  }
  if (has_changed || !(await isWholeTail(store, tail, stored.last_index))) {
    return { has_changed, left };
  }
  await store.repair(tail);
  for (const { index } of tail) observer.repaired(index);
  return { has_changed: true, left };
}

/**
 * Whether these are all the entries from the last undamaged one to the end. If they were not what stood
 * here, whatever they left behind them would be of another history.
 */
async function isWholeTail(
  store: LogStore,
  tail: readonly Entry[],
  last_index: LogIndex,
): Promise<boolean> {
  const first = tail[0];
  if (first === undefined || first.index + tail.length - 1 !== last_index) return false;
  const damaged = await store.inspect(first.index);
  return damaged !== null && damaged.after === null && damaged.before.index === first.index - 1;
}

function askAll(source: EntrySource, damaged: DamagedEntry): Promise<readonly EntryOffer[]> {
  const { index, before, after } = damaged;
  return source.ask({ index, before_index: before.index, after_index: after?.index ?? 0 });
}

/** The best of them; no two proofs can contradict each other. */
function judgeOffers(
  damaged: DamagedEntry,
  offers: readonly EntryOffer[],
  own: OwnLog,
): OfferJudgement {
  const judgements = offers.map((offer) => judgeOffer(damaged, offer, own));
  for (const kind of ['same', 'stale', 'committed_tail'] as const) {
    const found = judgements.find((judgement) => judgement.kind === kind);
    if (found !== undefined) return found;
  }
  return { kind: 'unproven' };
}
