import { assert } from '../base/assert.ts';
import type { Configuration, Member, MemberKey } from '../consensus/raft/configuration.ts';
import { allMembers, memberKey, sameMember } from '../consensus/raft/configuration.ts';
import { isQuorum } from '../consensus/raft/quorum.ts';

/** Digests of all at one index and one feature level. */
export interface DigestsAtIndex {
  readonly self: Member;
  readonly own_digest: string;
  /** Of the other members that could say. */
  readonly others: ReadonlyMap<MemberKey, string>;
}

export type DigestVerdict =
  /** Nobody else could say. */
  | { readonly kind: 'alone' }
  /** All who could say have our digest. */
  | { readonly kind: 'agreed'; readonly is_complete: boolean }
  /** These have another digest; who is wrong is not for us to say. */
  | { readonly kind: 'differs'; readonly members: readonly Member[] }
  /** These, a majority of the voters, have one other digest: this replica is wrong. */
  | {
      readonly kind: 'odd_one_out';
      readonly digest: string;
      readonly members: readonly Member[];
    };

/**
 * Only a majority of the configured voters that agree on another digest can find a replica wrong: not a
 * majority of those that answered, and not a majority of which each has a digest of its own.
 */
export function judgeDigests(
  configuration: Configuration,
  { self, own_digest, others }: DigestsAtIndex,
): DigestVerdict {
  assert(!others.has(memberKey(self)), 'a replica is not compared with itself');
  const members = allMembers(configuration).filter((member) => !sameMember(member, self));
  const answered = members.filter((member) => others.has(memberKey(member)));
  if (answered.length === 0) return { kind: 'alone' };
  const differing = answered.filter((member) => others.get(memberKey(member)) !== own_digest);
  if (differing.length === 0) {
    return { kind: 'agreed', is_complete: answered.length === members.length };
  }
  for (const digest of new Set(differing.map((member) => others.get(memberKey(member))))) {
    assert(digest !== undefined, 'a member that answered nothing');
    if (isQuorum(configuration, (key) => others.get(key) === digest)) {
      const agreeing = differing.filter((member) => others.get(memberKey(member)) === digest);
      return { kind: 'odd_one_out', digest, members: agreeing };
    }
  }
  return { kind: 'differs', members: differing };
}
