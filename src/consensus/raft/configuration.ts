/**
 * Who votes. A configuration lives in the log from entry 1 (Ongaro's thesis, §4): it changes only by a
 * committed entry, never by what discovery sees.
 */

/** Stable identity of a replica; not its address. */
export type NodeId = string;
/** Minted inside raft.db in its first transaction: another storage id is another member. */
export type StorageId = string;
export type ClusterId = string;
/** One Raft group of the process. */
export type GroupId = string;

/** A member is the pair: a node that comes back with an empty disk is somebody else. */
export interface Member {
  readonly node_id: NodeId;
  readonly storage_id: StorageId;
}

/** The pair as one string, for maps and sets. */
export type MemberKey = string;

export interface Configuration {
  readonly cluster_id: ClusterId;
  readonly voters: readonly Member[];
  /** While a joint configuration is in force (thesis §4.3): the voters before; empty otherwise. */
  readonly outgoing_voters: readonly Member[];
  /** They receive everything and count for nothing. */
  readonly learners: readonly Member[];
  /** `REPLICATION_FACTOR`: how many voters are wanted. */
  readonly voters_wanted: number;
  /**
   * Those removed last, oldest first: they are not taken in again on their own account, however often
   * they ask. Who comes back with an empty disk is somebody else.
   */
  readonly removed: readonly Member[];
  /** Behaviour of apply that all members must know; raised by a later entry. */
  readonly feature_level: number;
  /** How often the cluster was recovered from a lost majority (`../recovery/`); absent: never. */
  readonly incarnation?: number;
}

export function memberKey(member: Member): MemberKey {
  return `${member.node_id}/${member.storage_id}`;
}

export function sameMember(one: Member, other: Member): boolean {
  return one.node_id === other.node_id && one.storage_id === other.storage_id;
}

export function isVoter(configuration: Configuration, member: Member): boolean {
  return (
    configuration.voters.some((voter) => sameMember(voter, member)) ||
    configuration.outgoing_voters.some((voter) => sameMember(voter, member))
  );
}

/** All members once each: voters, outgoing voters, learners. */
export function allMembers(configuration: Configuration): readonly Member[] {
  const members = new Map<MemberKey, Member>();
  for (const member of [
    ...configuration.voters,
    ...configuration.outgoing_voters,
    ...configuration.learners,
  ]) {
    members.set(memberKey(member), member);
  }
  return [...members.values()];
}
