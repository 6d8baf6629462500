import { assert } from '../base/assert.ts';
import type { EntryOffer, EntrySource } from './entry-offer.ts';
import type { LogStore, StoredLog } from './ports.ts';
import type { LogIndex } from './raft/entry.ts';
import type { LogBase } from './raft/log-base.ts';

interface AdoptionOptions {
  readonly store: LogStore;
  readonly source: EntrySource;
}

/**
 * Damaged entries that all who answer have cut away, and that the own state does not stand for: the log is
 * cut where another replica has cut it, as if a snapshot through there had been received (paper §7, Figure
 * 13) whose state is still to come from the leader. Nothing acknowledged is forgotten: what lies before is
 * committed, and what follows stays, unless it is of another history and can never be committed. Until its
 * state has come the replica votes and stores, and does not lead.
 *
 * Returns the last entry that was cut; null: nobody stands far enough, or it cannot be known yet whether
 * what follows here belongs to it.
 */
export async function adoptBase(
  { store, source }: AdoptionOptions,
  stored: StoredLog,
  offers: readonly EntryOffer[],
): Promise<LogIndex | null> {
  const [first_damaged] = stored.damaged;
  assert(first_damaged !== undefined, 'nothing is damaged');
  const base = nearestBase(offers, first_damaged);
  if (base === null) return null;
  const goes_on = await goesOnFrom(base, { store, source }, stored);
  if (goes_on === null) return null;
  const { hard_state, commit_index, last_index } = stored;
  assert(goes_on || base.index > commit_index, 'two committed entries at one index');
  await store.write([
    {
      kind: 'persist',
      write_id: 0,
      // A cut is never of a later term than this replica has been in.
      hard_state: base.term > hard_state.term ? { term: base.term, voted_for: null } : null,
      truncate_from: goes_on || last_index === commit_index ? null : commit_index + 1,
      base,
      entries: [],
      commit_index: Math.max(commit_index, base.index),
    },
  ]);
  return base.index;
}

/** The one that leaves the most of this log. */
function nearestBase(offers: readonly EntryOffer[], first_damaged: LogIndex): LogBase | null {
  return offers
    .map(({ base }) => base)
    .filter((base) => base !== null)
    .filter(({ index }) => index >= first_damaged)
    .reduce<LogBase | null>(
      (nearest, base) => (nearest === null || base.index < nearest.index ? base : nearest),
      null,
    );
}

/** Whether what is here after `base` follows it (log matching, Figure 3); null: nobody can tell now. */
async function goesOnFrom(
  { index, term }: LogBase,
  { store, source }: AdoptionOptions,
  { last_index }: StoredLog,
): Promise<boolean | null> {
  if (index > last_index) return false;
  const damaged = await store.inspect(index);
  if (damaged === null) {
    const [own] = await store.read(index, index, 0);
    return own?.term === term;
  }
  const { after } = damaged;
  // What follows is damaged as well, to the end: each of them is proven, or not, by itself.
  if (after === null) return true;
  const offers = await source.ask({ index, before_index: 0, after_index: after.index });
  const terms = offers
    .filter(({ committed_through }) => committed_through >= after.index)
    .map(({ after_term }) => after_term)
    .filter((after_term) => after_term !== null);
  const [committed_term] = terms;
  return committed_term === undefined ? null : committed_term === after.term;
}
