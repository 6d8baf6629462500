import type { LogStore } from './ports.ts';
import type { Entry, LogIndex, Term } from './raft/entry.ts';
import type { LogBase } from './raft/log-base.ts';
import type { RaftState } from './raft/state.ts';
import { LogCorruptError } from './log-corrupt-error.ts';

/** What a replica asks the others about an entry that its disk no longer gives back. */
export interface EntryQuestion {
  readonly index: LogIndex;
  /** Its nearest undamaged neighbours, to find out whether the logs agree there; 0: there is none. */
  readonly before_index: LogIndex;
  readonly after_index: LogIndex;
}

/** What another replica has there, all of it at one moment; null: nothing, or that is damaged as well. */
export interface EntryOffer {
  /** Everything up to here is committed and on the disk of who answers. */
  readonly committed_through: LogIndex;
  readonly entry: Entry | null;
  readonly before_term: Term | null;
  readonly after_term: Term | null;
  /** Where who answers has cut its log, its state standing for what lay before; null: it has not. */
  readonly base: LogBase | null;
}

/** Where a replica that answers stands. */
export type Standing = Pick<EntryOffer, 'committed_through' | 'base'>;

/**
 * Counts only what is on the disk: the store may still hold another leader's entry where the core has
 * truncated it already.
 */
export function standingOf({
  log: { before_first },
  configurations,
  apply_through,
  is_state_missing,
}: Pick<RaftState, 'log' | 'configurations' | 'apply_through' | 'is_state_missing'>): Standing {
  const [configuration] = configurations;
  const is_cut = before_first.index > 0 && !is_state_missing && configuration !== undefined;
  return {
    // What a log was cut behind is committed, whatever has become of the state.
    committed_through: Math.max(apply_through, before_first.index),
    base: is_cut ? { ...before_first, configuration } : null,
  };
}

/** Asks the other replicas: a port. */
export interface EntrySource {
  /** The answers of those that could be reached; never rejects. */
  ask(question: EntryQuestion): Promise<readonly EntryOffer[]>;
  /** Whether there is another replica at all, reachable or not. */
  hasOthers(): boolean;
}

/** Answers from the own log. Where it stands is read before the entries are. */
export async function offerEntry(
  store: Pick<LogStore, 'read'>,
  { committed_through, base }: Standing,
  { index, before_index, after_index }: EntryQuestion,
): Promise<EntryOffer> {
  const find = async (at: LogIndex): Promise<Entry | null> => {
    if (at === 0) return null;
    try {
      const [entry] = await store.read(at, at, 0);
      return entry ?? null;
    } catch (error) {
      if (error instanceof LogCorruptError) return null;
      throw error;
    }
  };
  // Called in one turn, with no write in between: terms and entry are of one and the same log.
  const [entry, before, after] = await Promise.all([
    find(index),
    find(before_index),
    find(after_index),
  ]);
  return {
    committed_through,
    entry,
    // A log that is cut there knows the term of its base.
    before_term: before?.term ?? (base?.index === before_index ? base.term : null),
    after_term: after?.term ?? null,
    base,
  };
}
