import type { Member } from '../raft/configuration.ts';
import type { BootstrapState } from './bootstrap-state.ts';
import { samePromise } from './promise.ts';
import type { BootstrapPromise } from './promise.ts';

type DropRefusal =
  | 'has_cluster'
  | 'has_log'
  /** Who asks is not the node that proposed. */
  | 'not_the_proposer'
  /** Who proposed still has its storage: it withdraws by proposing anew. */
  | 'same_proposer'
  /** This replica made the proposal itself. */
  | 'own_proposal';

export type DropJudgement =
  /** Durably drop the promise, then say so. */
  | { readonly kind: 'accept' }
  /** That promise is not held. */
  | { readonly kind: 'already' }
  | { readonly kind: 'refuse'; readonly reason: DropRefusal };

export interface DropRequest {
  /** Who signed the request. */
  readonly source: Member;
  /** Exactly the promise to drop, so that a late request drops nothing else. */
  readonly promise: BootstrapPromise;
}

/**
 * Whether a replica drops its promise because the node that proposed has come back with another
 * storage. A log means that the first entry was written: then never.
 */
export function judgeDrop(own: BootstrapState, request: DropRequest): DropJudgement {
  const { source, promise } = request;
  if (own.cluster_id !== null) return { kind: 'refuse', reason: 'has_cluster' };
  if (own.last_index > 0) return { kind: 'refuse', reason: 'has_log' };
  if (own.promise === null || !samePromise(own.promise, promise)) return { kind: 'already' };
  const { proposer } = own.promise;
  if (own.member.node_id === proposer.node_id) return { kind: 'refuse', reason: 'own_proposal' };
  if (source.node_id !== proposer.node_id) return { kind: 'refuse', reason: 'not_the_proposer' };
  if (source.storage_id === proposer.storage_id) return { kind: 'refuse', reason: 'same_proposer' };
  return { kind: 'accept' };
}
