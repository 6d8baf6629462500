import { sameMember } from '../raft/configuration.ts';
import type { Member, NodeId } from '../raft/configuration.ts';
import type { BootstrapState } from './bootstrap-state.ts';
import { compareNodeIds } from './member-order.ts';
import { samePromise } from './promise.ts';
import type { BootstrapPromise } from './promise.ts';

type PromiseRefusal =
  /** It belongs to a cluster. */
  | 'has_cluster'
  | 'has_log'
  /** Who asks is not who proposes. */
  | 'not_the_proposer'
  /** The proposal does not name this replica with this storage. */
  | 'not_named'
  /** Its `CLUSTER_MEMBERS` are others. */
  | 'members_disagree'
  /** It has made another promise: to another node, or to the same with another storage. */
  | 'other_promise'
  /** The same proposer has withdrawn this one since. */
  | 'older_proposal';

export type PromiseJudgement =
  /** Make the promise durable, then say so. */
  | { readonly kind: 'accept' }
  | { readonly kind: 'already' }
  | { readonly kind: 'refuse'; readonly reason: PromiseRefusal };

export interface PromiseRequest {
  /** Who signed the request. */
  readonly source: Member;
  readonly promise: BootstrapPromise;
}

/**
 * Whether a replica makes the promise it is asked for. It makes one; only its proposer, the very pair,
 * can replace it, by a higher number, which says that the earlier one was durably withdrawn.
 */
export function judgePromise(
  own: BootstrapState,
  wanted: readonly NodeId[],
  request: PromiseRequest,
): PromiseJudgement {
  const { source, promise } = request;
  if (own.cluster_id !== null) return { kind: 'refuse', reason: 'has_cluster' };
  if (own.last_index > 0) return { kind: 'refuse', reason: 'has_log' };
  if (!sameMember(source, promise.proposer)) return { kind: 'refuse', reason: 'not_the_proposer' };
  if (!promise.members.some((member) => sameMember(member, own.member))) {
    return { kind: 'refuse', reason: 'not_named' };
  }
  if (!namesExactly(promise, wanted)) return { kind: 'refuse', reason: 'members_disagree' };
  if (own.promise === null) return { kind: 'accept' };
  if (samePromise(own.promise, promise)) return { kind: 'already' };
  if (!sameMember(own.promise.proposer, promise.proposer)) {
    return { kind: 'refuse', reason: 'other_promise' };
  }
  if (promise.proposal_number <= own.promise.proposal_number) {
    return { kind: 'refuse', reason: 'older_proposal' };
  }
  return { kind: 'accept' };
}

function namesExactly(promise: BootstrapPromise, wanted: readonly NodeId[]): boolean {
  const ordered = [...wanted].sort(compareNodeIds);
  return (
    ordered.length === promise.members.length &&
    ordered.every((node_id, index) => promise.members[index]?.node_id === node_id)
  );
}
