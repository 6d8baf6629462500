import { sameMember } from '../raft/configuration.ts';
import type { ClusterId, Member } from '../raft/configuration.ts';

/**
 * What the members of a future cluster promise each other before its first entry is written: who they
 * are, with their storage ids, and the cluster's id. A replica holds at most one, durably.
 */
export interface BootstrapPromise {
  readonly cluster_id: ClusterId;
  /** From 1; grows when the proposer withdraws a proposal and makes another. */
  readonly proposal_number: number;
  /** One of the members: the lowest by `member-order.ts`. */
  readonly proposer: Member;
  /** In the order of `member-order.ts`; each node once. */
  readonly members: readonly Member[];
}

export function samePromise(one: BootstrapPromise | null, other: BootstrapPromise | null): boolean {
  if (one === null || other === null) return one === other;
  return (
    one.cluster_id === other.cluster_id &&
    one.proposal_number === other.proposal_number &&
    sameMember(one.proposer, other.proposer) &&
    sameMembers(one.members, other.members)
  );
}

/** The same pairs in the same order. */
export function sameMembers(one: readonly Member[], other: readonly Member[]): boolean {
  return (
    one.length === other.length &&
    one.every((member, index) => {
      const counterpart = other[index];
      return counterpart !== undefined && sameMember(member, counterpart);
    })
  );
}
