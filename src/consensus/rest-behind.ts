import type { EntrySource } from './entry-offer.ts';
import type { LogStore, StoredLog } from './ports.ts';
import type { LogIndex } from './raft/entry.ts';
import type { LogBase } from './raft/log-base.ts';

interface RestOptions {
  readonly store: LogStore;
  readonly source: EntrySource;
}

/** What the entries of this log behind a committed one are worth, the log being damaged. */
export type Rest =
  /** They follow it, or each of them is still to be proven. */
  | { readonly kind: 'goes_on' }
  /** There are none, or they are of another history and can never be committed. */
  | { readonly kind: 'ends' }
  /** From here on they are of another history; before, they may be acknowledged ones. */
  | { readonly kind: 'stale'; readonly from: LogIndex }
  /** Nobody who answers can tell. */
  | { readonly kind: 'unknown' };

/** By log matching (paper, Figure 3): logs that agree on an entry's index and term agree on all before it. */
export async function restBehind(
  { index, term }: LogBase,
  { store, source }: RestOptions,
  { last_index }: StoredLog,
): Promise<Rest> {
  if (index > last_index) return { kind: 'ends' };
  const damaged = await store.inspect(index);
  if (damaged === null) {
    const [own] = await store.read(index, index, 0);
    return { kind: own?.term === term ? 'goes_on' : 'ends' };
  }
  const { after } = damaged;
  // Alone, there is one history. And of what is damaged to the end each entry is proven, or not, by itself.
  if (after === null || !source.hasOthers()) return { kind: 'goes_on' };
  const offers = await source.ask({ index, before_index: 0, after_index: after.index });
  const holds_both = offers.some(
    ({ committed_through, after_term }) => committed_through >= index && after_term === after.term,
  );
  if (holds_both) return { kind: 'goes_on' };
  const contradicts = offers.some(
    ({ committed_through, after_term }) =>
      committed_through >= after.index && after_term !== null && after_term !== after.term,
  );
  return contradicts ? { kind: 'stale', from: after.index } : { kind: 'unknown' };
}
