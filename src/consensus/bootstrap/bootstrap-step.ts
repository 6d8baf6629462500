import type { ClusterId, Member, NodeId } from '../raft/configuration.ts';
import type { BootstrapPromise } from './promise.ts';

/** A promise that a member should drop, and the member. */
export interface PromiseToDrop {
  readonly member: Member;
  readonly promise: BootstrapPromise;
}

/** What a replica does next to get into a cluster. Every step may be repeated. */
export type BootstrapStep =
  /** Nothing: it has a cluster. */
  | { readonly kind: 'formed'; readonly cluster_id: ClusterId }
  /** Look again; `nodes` are those it waits for, if it is for some. */
  | { readonly kind: 'wait'; readonly reason: string; readonly nodes: readonly NodeId[] }
  /** Durably belong to this cluster. */
  | { readonly kind: 'adopt_cluster'; readonly cluster_id: ClusterId }
  /** Durably make this promise, which replaces the one held; then look again. */
  | {
      readonly kind: 'hold_promise';
      readonly reason: 'proposed' | 'proposed_anew' | 'renewed';
      readonly promise: BootstrapPromise;
    }
  /** Durably drop the promise held. */
  | { readonly kind: 'drop_promise'; readonly reason: 'withdrawn' | 'proposer_withdrew' }
  /** Ask these members to make the promise held. */
  | {
      readonly kind: 'ask_promises';
      readonly promise: BootstrapPromise;
      readonly members: readonly Member[];
    }
  /** Ask these members to drop what they promised to this node before it lost its disk. */
  | { readonly kind: 'ask_drops'; readonly drops: readonly PromiseToDrop[] }
  /** All have promised. */
  | { readonly kind: 'write_first_entry'; readonly promise: BootstrapPromise };
