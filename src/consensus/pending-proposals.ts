import { assert } from '../base/assert.ts';
import type { Outcome } from './ports.ts';
import type { ProposalRefusal } from './raft/effect.ts';
import type { Entry, LogIndex, Term } from './raft/entry.ts';
import type { Token } from './raft/input.ts';

/** What became of a proposal. */
export type ProposalResult =
  | { readonly kind: 'applied'; readonly index: LogIndex; readonly outcome: Outcome }
  /** Never appended. */
  | { readonly kind: 'refused'; readonly reason: ProposalRefusal }
  /** Another leader's entry is committed at its index: it will never be. */
  | { readonly kind: 'lost' }
  /** Appended here; whether it is committed was not known in time. */
  | { readonly kind: 'unknown' };

interface PendingProposal {
  readonly resolve: (result: ProposalResult) => void;
  readonly proposed_ms: number;
  readonly deadline_ms: number;
  index: LogIndex | null;
  term: Term;
}

/**
 * Proposals whose entry is not applied yet. One is answered by the entry at its index only if that has
 * its term: otherwise another leader's entry took its place.
 */
export class PendingProposals {
  readonly #by_token = new Map<Token, PendingProposal>();
  readonly #by_index = new Map<LogIndex, Token>();

  get size(): number {
    return this.#by_token.size;
  }

  add(
    token: Token,
    now_ms: number,
    timeout_ms: number,
    resolve: (result: ProposalResult) => void,
  ): void {
    const deadline_ms = now_ms + timeout_ms;
    this.#by_token.set(token, { resolve, proposed_ms: now_ms, deadline_ms, index: null, term: 0 });
  }

  accepted(token: Token, index: LogIndex, term: Term): void {
    const pending = this.#by_token.get(token);
    if (pending === undefined) return;
    // An earlier leadership's proposal at the same index: its entry was truncated here, but a copy of it
    // may be elsewhere and may yet be committed there.
    const replaced = this.#by_index.get(index);
    if (replaced !== undefined) this.#settle(replaced, { kind: 'unknown' });
    pending.index = index;
    pending.term = term;
    this.#by_index.set(index, token);
  }

  refused(token: Token, reason: ProposalRefusal): void {
    this.#settle(token, { kind: 'refused', reason });
  }

  /** Returns when the proposal behind this entry was made; null when it was not made here. */
  applied(entry: Entry, outcome: Outcome): number | null {
    const token = this.#by_index.get(entry.index);
    if (token === undefined) return null;
    const pending = this.#by_token.get(token);
    assert(pending !== undefined, 'a proposal without its token');
    if (pending.term !== entry.term) {
      this.#settle(token, { kind: 'lost' });
      return null;
    }
    this.#settle(token, { kind: 'applied', index: entry.index, outcome });
    return pending.proposed_ms;
  }

  /** Answers `unknown` to those whose time is over. */
  expire(now_ms: number): void {
    for (const [token, pending] of this.#by_token) {
      // In order of arrival, and nearly in that of the deadlines, which are all alike.
      if (pending.deadline_ms > now_ms) break;
      this.#settle(token, { kind: 'unknown' });
    }
  }

  expireAll(): void {
    for (const token of this.#by_token.keys()) this.#settle(token, { kind: 'unknown' });
  }

  #settle(token: Token, result: ProposalResult): void {
    const pending = this.#by_token.get(token);
    if (pending === undefined) return;
    this.#by_token.delete(token);
    if (pending.index !== null) this.#by_index.delete(pending.index);
    pending.resolve(result);
  }
}
