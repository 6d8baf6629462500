import type { Configuration, Member, NodeId } from './configuration.ts';
import type { EntryKind, LogIndex } from './entry.ts';
import type { LogBase } from './log-base.ts';
import type { MembershipChange } from './membership.ts';
import type { Request, Response } from './message.ts';
import type { SnapshotOutcome } from './snapshot.ts';

/** Pairs a request with its answer; opaque to the core. */
export type Token = number;

/** Something to be put in the log. */
export interface Proposal {
  readonly token: Token;
  /** The rest of the log is the core's own: see `Input` of `change_membership`. */
  readonly kind: Exclude<EntryKind, 'no_op' | 'configuration'>;
  readonly request_id: string;
  readonly payload: Uint8Array;
}

/** All that can happen to a replica's consensus. Time is ticks; nothing else tells it the time. */
export type Input =
  | { readonly kind: 'tick' }
  /** A peer asks; the answer goes out as a `reply` effect with the same token. */
  | {
      readonly kind: 'request';
      readonly from: Member;
      readonly token: Token;
      readonly message: Request;
    }
  /** A peer's answer. */
  | { readonly kind: 'response'; readonly from: Member; readonly message: Response }
  /** A request got no answer: lost, refused or timed out. */
  | { readonly kind: 'send_failed'; readonly to: Member; readonly message: Request }
  | { readonly kind: 'propose'; readonly proposals: readonly Proposal[] }
  /** Asks for a read index (linearizable read). */
  | { readonly kind: 'read'; readonly token: Token }
  /** Hand leadership over (thesis §3.10); null: to the voter that is best caught up. */
  | { readonly kind: 'transfer'; readonly token: Token; readonly target: NodeId | null }
  /** Change who the members are (thesis §4.3). */
  | {
      readonly kind: 'change_membership';
      readonly token: Token;
      readonly change: MembershipChange;
    }
  /** The write with this id, and all before it, are on disk. */
  | { readonly kind: 'persisted'; readonly write_id: number }
  | { readonly kind: 'applied'; readonly index: LogIndex }
  /** Nothing more can be applied here: this replica votes and replicates, and never leads again. */
  | { readonly kind: 'apply_halted' }
  /** The state through this index is durable: the log may be cut there. */
  | { readonly kind: 'compact'; readonly index: LogIndex }
  /** The state of a snapshot is in place, durably; nothing was applied meanwhile. */
  | { readonly kind: 'snapshot_installed'; readonly base: LogBase }
  /** What became of a `send_snapshot`. */
  | { readonly kind: 'snapshot_ended'; readonly outcome: SnapshotOutcome }
  /** Short of space, or no longer: see `disk-low.ts`. */
  | { readonly kind: 'disk_low'; readonly is_low: boolean }
  /** Every member has promised: write the first entry. Once in a cluster's life. */
  | { readonly kind: 'bootstrap'; readonly configuration: Configuration };
