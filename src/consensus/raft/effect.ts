import type { Configuration, Member } from './configuration.ts';
import type { Entry, LogIndex, Term } from './entry.ts';
import type { Token } from './input.ts';
import type { LogBase } from './log-base.ts';
import type { MembershipRefusal } from './membership.ts';
import type { InstallSnapshotRequest, Request, Response } from './message.ts';
import type { TransferOutcome } from './settle-transfer.ts';

/** What must be on disk before anything that depends on it is said. */
export interface HardState {
  readonly term: Term;
  readonly voted_for: Member | null;
}

/** One write to the log store: all of it or nothing, in the order of the ids. */
export interface Persist {
  readonly kind: 'persist';
  readonly write_id: number;
  /** Null: unchanged. */
  readonly hard_state: HardState | null;
  /** Delete the entries from here on first; null: nothing to delete. */
  readonly truncate_from: LogIndex | null;
  /** Then delete the entries through this one: the log begins after it. Null: unchanged. */
  readonly base: LogBase | null;
  readonly entries: readonly Entry[];
  /** A hint that saves work after a restart; needs no write of its own. */
  readonly commit_index: LogIndex;
}

/** `transferring`: this replica leads, and is handing that over: ask again when that is settled. */
export type ProposalRefusal = 'not_leader' | 'overloaded' | 'transferring';

/** What became of a change of membership. */
export type MembershipResult =
  /** The final configuration is committed, at this index. */
  | { readonly kind: 'committed'; readonly index: LogIndex }
  /** Nothing was changed. */
  | { readonly kind: 'refused'; readonly reason: MembershipRefusal }
  /** Begun, and not known to have ended: the next leader ends it, or it never was. */
  | { readonly kind: 'unknown' };

/**
 * What the driver must do, in this order within one step. `reply` and `send` go at once;
 * `…_after_persist` only when every `persist` effect issued so far is on disk: the difference is a
 * promise to peers, so it is a type.
 */
export type Effect =
  | Persist
  | { readonly kind: 'send'; readonly to: Member; readonly message: Request }
  | { readonly kind: 'send_after_persist'; readonly to: Member; readonly message: Request }
  | { readonly kind: 'reply'; readonly token: Token; readonly message: Response }
  | { readonly kind: 'reply_after_persist'; readonly token: Token; readonly message: Response }
  /**
   * The entries wanted are no longer in memory: the driver reads them from the log store and sends
   * `message` with them, or reports `send_failed`.
   */
  | {
      readonly kind: 'send_from_store';
      readonly to: Member;
      readonly message: Extract<Request, { kind: 'append' }>;
      readonly through_index: LogIndex;
    }
  /** The log no longer holds what this member lacks: it needs a state of `min_index` or later. */
  | {
      readonly kind: 'send_snapshot';
      readonly to: Member;
      readonly term: Term;
      readonly min_index: LogIndex;
    }
  /** A chunk from the leader, for the driver to store and to answer. */
  | {
      readonly kind: 'receive_snapshot';
      readonly token: Token;
      readonly message: InstallSnapshotRequest;
    }
  /** Everything up to here may be applied: committed, and on this replica's own disk. */
  | { readonly kind: 'apply_through'; readonly index: LogIndex }
  | {
      readonly kind: 'proposal_accepted';
      readonly token: Token;
      readonly index: LogIndex;
      readonly term: Term;
    }
  | {
      readonly kind: 'proposal_refused';
      readonly token: Token;
      readonly reason: ProposalRefusal;
    }
  /** A read may be served once this index is applied; null: could not be confirmed. */
  | { readonly kind: 'read_ready'; readonly token: Token; readonly index: LogIndex | null }
  | { readonly kind: 'configuration_changed'; readonly configuration: Configuration | null }
  /** A transfer of leadership has ended; token null: nobody asked for it. */
  | {
      readonly kind: 'transfer_settled';
      readonly token: Token | null;
      readonly outcome: TransferOutcome;
    }
  /** A change of membership that was asked for has ended. */
  | {
      readonly kind: 'membership_settled';
      readonly token: Token;
      readonly result: MembershipResult;
    }
  /** Term, role or leader changed. */
  | { readonly kind: 'role_changed' }
  /** See `Freshness`: this replica's state is as new as `echo_ms` once `commit_index` is applied. */
  | { readonly kind: 'fresh'; readonly echo_ms: number; readonly commit_index: LogIndex };
