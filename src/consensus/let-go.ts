import { cutAtBase } from './cut-at-base.ts';
import type { EntryOffer, EntrySource } from './entry-offer.ts';
import type { LogStore, StoredLog } from './ports.ts';
import type { LogIndex } from './raft/entry.ts';
import type { LogBase } from './raft/log-base.ts';
import { restBehind } from './rest-behind.ts';
import { truncateStoredLog } from './truncate-stored-log.ts';

export interface LettingGoOptions {
  readonly store: LogStore;
  readonly source: EntrySource;
}

export type LetGo =
  /** The log was cut through here. */
  | { readonly kind: 'through'; readonly index: LogIndex }
  /** What can never be committed was deleted from here on: time to look again. */
  | { readonly kind: 'from'; readonly index: LogIndex };

/**
 * Damaged entries need not be had again when what they did is in a state: the log is cut at `base`, where a
 * state stands that holds them. Nothing acknowledged is forgotten: what lies before is committed, and what
 * follows stays unless it is of another history. Null: it cannot be known yet what follows there.
 */
export async function letGo(
  options: LettingGoOptions,
  stored: StoredLog,
  base: LogBase,
): Promise<LetGo | null> {
  const rest = await restBehind(base, options, stored);
  if (rest.kind === 'unknown') return null;
  if (rest.kind === 'stale') {
    await truncateStoredLog(options.store, stored.commit_index, rest.from);
    return { kind: 'from', index: rest.from };
  }
  await cutAtBase(options.store, stored, base, rest.kind === 'goes_on');
  return { kind: 'through', index: base.index };
}

/** Where others have cut their logs behind the entry, the nearest first: it leaves the most of this log. */
export function basesBehind(index: LogIndex, offers: readonly EntryOffer[]): readonly LogBase[] {
  return offers
    .map(({ base }) => base)
    .filter((base) => base !== null)
    .filter((base) => base.index >= index)
    .toSorted((one, other) => one.index - other.index);
}
