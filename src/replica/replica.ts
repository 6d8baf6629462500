import type { Command } from '../agenda/command.ts';
import type { CommandOutcome } from '../agenda/outcome.ts';
import type { AgendaView } from '../agenda/view.ts';
import type { Configuration, Member, NodeId } from '../consensus/raft/configuration.ts';
import type { LogIndex, Term } from '../consensus/raft/entry.ts';
import type { RememberedRequest } from './agenda-store.ts';

/** What became of a command within the deadline. Unknown is never reported as refused. */
export type ProposeResult =
  | { readonly kind: 'applied'; readonly index: LogIndex; readonly outcome: CommandOutcome }
  /** Not in the log and never will be: safe to retry. */
  | { readonly kind: 'not_proposed'; readonly reason: 'not_leader' | 'no_leader' | 'overloaded' }
  /** In a log, and neither committed nor given up within the deadline: retry with the same key. */
  | { readonly kind: 'unknown' };

export type ReadResult = 'ok' | 'no_quorum';

export type ReplicaRole = 'leader' | 'follower' | 'candidate' | 'learner';

export interface ReplicaStatus {
  readonly group_id: string;
  readonly node_id: NodeId;
  readonly role: ReplicaRole;
  readonly term: Term;
  readonly leader: Member | null;
  readonly commit_index: LogIndex;
  readonly applied_index: LogIndex;
  readonly first_index: LogIndex;
  readonly last_index: LogIndex;
  readonly last_term: Term;
  readonly snapshot_index: LogIndex;
  readonly digest: string;
  /** Null until the first entry is here. */
  readonly configuration: Configuration | null;
  /** Proposals waiting for their entry to be applied. */
  readonly proposals_pending: number;
  /** What the leader knows of each other member; on a follower, as it said last. */
  readonly peers: readonly PeerStatus[];
}

export interface PeerStatus {
  readonly node_id: NodeId;
  readonly match_index: LogIndex;
  readonly applied_index: LogIndex;
  readonly last_contact_ms: number | null;
}

/** The façade requests use: everything they may do to the replicated state, and read of it. */
export interface Replica {
  readonly view: AgendaView;
  status(): ReplicaStatus;
  /** The success under a request key, as far as the view goes; null: none, or it is forgotten. */
  remembered(scope_hash: string): RememberedRequest | null;
  /** Proposes on this replica's own log; waits for a leader no longer than the deadline. */
  propose(command: Command): Promise<ProposeResult>;
  /** Resolves when the view is at least as new as this call (read index, thesis §6.4). */
  readBarrier(): Promise<ReadResult>;
  /** True once the index is applied here; false after `timeout_ms`. */
  waitForIndex(index: LogIndex, timeout_ms: number): Promise<boolean>;
  /** The leader as soon as one of a term later than `past_term` is known; null after `timeout_ms`. */
  waitForLeader(timeout_ms: number, past_term?: Term): Promise<Member | null>;
  /** Age of the applied state in milliseconds; null: unknown. 0 at most on a leader just confirmed. */
  staleMs(): number | null;
}
