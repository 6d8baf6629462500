import { assert } from '../base/assert.ts';
import type { EntryOffer } from './entry-offer.ts';
import type { DamagedEntry } from './ports.ts';
import type { Entry, LogIndex, Position, Term } from './raft/entry.ts';

/** What the replica that repairs knows of itself. */
export interface OwnLog {
  /** Everything up to here is known to be committed. */
  readonly committed_through: LogIndex;
  /** No entry of its log is of a later term. */
  readonly term: Term;
}

export type OfferJudgement =
  /** This is the very entry that was there. */
  | { readonly kind: 'same'; readonly entry: Entry }
  /**
   * Nothing undamaged follows it here, and this is what is committed there: what was there is either the
   * same, or was never committed and never will be, together with all that followed it.
   */
  | { readonly kind: 'committed_tail'; readonly entry: Entry }
  /** From here on this log holds what was never committed and never will be. */
  | { readonly kind: 'stale'; readonly from: LogIndex }
  | { readonly kind: 'unproven' };

/**
 * Whether another replica's entry is the one that is damaged here (docs/decisions/0012). A checksum says
 * that an entry was not damaged, not that it stood in this log: two leaders may have written two entries
 * for one index. What proves it:
 *
 * - state machine safety (paper, Figure 3): an index has one committed entry;
 * - log matching (ibid.): logs that agree on index and term of an entry agree on all before it.
 */
export function judgeOffer(damaged: DamagedEntry, offer: EntryOffer, own: OwnLog): OfferJudgement {
  const { index, before, after, claims } = damaged;
  const { entry, committed_through } = offer;
  assert(entry === null || entry.index === index, 'an offer of another entry');
  assert(before.index < index && (after === null || after.index > index), 'no neighbours');
  const is_committed_there = committed_through >= index;
  if (entry !== null && index <= own.committed_through && is_committed_there) {
    return { kind: 'same', entry };
  }
  if (before.index > own.committed_through && isContradicted(before, offer.before_term, offer)) {
    return { kind: 'stale', from: before.index };
  }
  const is_as_claimed = claims?.term === entry?.term && claims?.checksum === entry?.checksum;
  if (entry !== null && is_as_claimed && agreesBefore(before, offer, own)) {
    return { kind: 'same', entry };
  }
  if (after !== null) {
    if (entry !== null && offer.after_term === after.term) return { kind: 'same', entry };
    return judgeSuccessor(after, offer, own);
  }
  if (entry === null || !is_committed_there || index <= own.committed_through) {
    return { kind: 'unproven' };
  }
  if (entry.term > own.term) return { kind: 'stale', from: index };
  const agrees_before = before.index <= own.committed_through || offer.before_term === before.term;
  return agrees_before ? { kind: 'committed_tail', entry } : { kind: 'unproven' };
}

/**
 * Where this log was cut while it was damaged, what stood behind may be of another history than what the cut
 * rests on: then it is not to be put back there, though it is what was there.
 */
function agreesBefore(before: Position, offer: EntryOffer, own: OwnLog): boolean {
  if (before.index > own.committed_through) return true;
  return offer.committed_through >= before.index || offer.before_term === before.term;
}

/** Whether another entry than this undamaged one is committed there: then this one never will be. */
function isContradicted(
  { index, term }: Position,
  term_there: Term | null,
  { committed_through }: EntryOffer,
): boolean {
  return committed_through >= index && term_there !== null && term_there !== term;
}

/** What the undamaged entry behind the damaged one tells. */
function judgeSuccessor(
  after: NonNullable<DamagedEntry['after']>,
  offer: EntryOffer,
  own: OwnLog,
): OfferJudgement {
  if (!isContradicted(after, offer.after_term, offer)) return { kind: 'unproven' };
  assert(after.index > own.committed_through, 'two committed entries at one index');
  return { kind: 'stale', from: after.index };
}
