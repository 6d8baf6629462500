import { assert, must } from '../../base/assert.ts';
import { err, ok } from '../../base/result.ts';
import type { Result } from '../../base/result.ts';
import { limits } from '../../limits.ts';
import type { Configuration, Member, NodeId } from '../raft/configuration.ts';
import { allMembers, isVoter, memberKey, sameMember } from '../raft/configuration.ts';
import { encodeConfiguration } from '../raft/configuration-codec.ts';
import type { Entry, LogIndex, Position, Term } from '../raft/entry.ts';
import { sealEntry } from '../raft/seal-entry.ts';

/**
 * A majority of the voters is lost for good. No protocol can go on from there: whoever knew what was
 * acknowledged may be among the dead. An operator decides to go on from one survivor's log, with the
 * survivors as the only voters: a configuration entry of a new term, written by hand where consensus
 * would have refused. (Ongaro's thesis has no procedure for it; §4 says why a majority is needed.)
 */

/**
 * How far the term of a recovery is beyond all terms that were compared. A leader that none of those
 * compared ever heard of may have written entries of the next terms, to the dead or to survivors that
 * were not compared. Two entries of one index and term are taken for the same one (paper §5.3, Log
 * Matching), and the later term wins a vote (§5.4.1), so the recovery must be of a term that no election
 * has reached. Terms rise only by elections that a majority's pre-votes allow, about a second each: a
 * million of them is twelve days on end without one that was compared. 2^53 holds 2^33 recoveries.
 */
const RECOVERY_TERM_LEAP = 2 ** 20;

/** What the disk of a survivor holds. */
export interface Survivor {
  /** In the configuration of its own log. */
  readonly member: Member;
  readonly term: Term;
  readonly last: Position;
  readonly commit_index: LogIndex;
  /** The last one in its log. */
  readonly configuration: Configuration;
}

/** Why nothing is recovered. */
export type RecoveryRefusal =
  | { readonly kind: 'other_cluster'; readonly node_ids: readonly NodeId[] }
  | { readonly kind: 'named_twice'; readonly node_id: NodeId }
  /** In the log that would be gone on from, it is no member. */
  | { readonly kind: 'no_member'; readonly node_id: NodeId }
  /** They are a majority: started, they go on by themselves, and nothing is lost. */
  | { readonly kind: 'majority_left'; readonly voters: number }
  /** Something committed on one of them is missing in the best log: these are not logs of one cluster. */
  | { readonly kind: 'inconsistent'; readonly node_id: NodeId };

export interface RecoveryPlan {
  /** The survivor whose log is gone on from. */
  readonly chosen: Survivor;
  /** Those compared, best first. */
  readonly compared: readonly Survivor[];
  /** Voters that are named and whose logs were not there to be compared. */
  readonly not_compared: readonly Member[];
  /** Of no further part in the cluster. */
  readonly dead: readonly Member[];
  /** Whether a write may have been acknowledged of which no survivor that was compared knows. */
  readonly may_lose: boolean;
  readonly configuration: Configuration;
  /** To be appended to the chosen log, with its term. */
  readonly entry: Entry;
}

/** `others`: survivors whose disks are elsewhere, by name. */
export function planRecovery(
  survivors: readonly Survivor[],
  others: readonly NodeId[],
): Result<RecoveryPlan, RecoveryRefusal> {
  const compared = [...survivors].sort(byLog);
  const chosen = must(compared[0], 'a recovery without a survivor');
  const { configuration: before } = chosen;
  const strangers = compared.filter(
    ({ configuration }) => configuration.cluster_id !== before.cluster_id,
  );
  if (strangers.length > 0) {
    const node_ids = [chosen, ...strangers].map(({ member }) => member.node_id);
    return err({ kind: 'other_cluster', node_ids });
  }
  const behind = compared.find(({ commit_index }) => commit_index > chosen.last.index);
  if (behind !== undefined) return err({ kind: 'inconsistent', node_id: behind.member.node_id });

  const named = [...compared.map(({ member }) => member.node_id), ...others];
  const twice = named.find((node_id, position) => named.indexOf(node_id) !== position);
  if (twice !== undefined) return err({ kind: 'named_twice', node_id: twice });
  const members = allMembers(before);
  for (const { member } of compared) {
    if (!members.some((one) => sameMember(one, member))) {
      return err({ kind: 'no_member', node_id: member.node_id });
    }
  }
  const not_compared: Member[] = [];
  for (const node_id of others) {
    const found = members.find((one) => one.node_id === node_id);
    if (found === undefined) return err({ kind: 'no_member', node_id });
    not_compared.push(found);
  }
  const voters = [...compared.map(({ member }) => member), ...not_compared];
  if (canDecide(before, voters)) {
    return err({ kind: 'majority_left', voters: voters.length });
  }
  const dead = members.filter((member) => !voters.some((one) => sameMember(one, member)));
  const may_lose = canDecideWithout(before, compared);
  const configuration: Configuration = {
    ...before,
    voters,
    outgoing_voters: [],
    learners: [],
    // Not to be taken in again with the disks they had.
    removed: [...before.removed, ...dead].slice(-limits.removed_members_max),
    incarnation: (before.incarnation ?? 0) + 1,
  };
  const entry = nextEntry(chosen, compared, configuration);
  return ok({ chosen, compared, not_compared, dead, may_lose, configuration, entry });
}

/** "Up-to-date" as in votes (paper §5.4.1): the later term, then the longer log; then what is known. */
function byLog(one: Survivor, other: Survivor): number {
  return (
    other.last.term - one.last.term ||
    other.last.index - one.last.index ||
    other.commit_index - one.commit_index
  );
}

function isMajority(voters: readonly Member[], count: (voter: Member) => boolean): boolean {
  return voters.filter(count).length > voters.length / 2;
}

/** Whether these are a majority, while joint of both sets. */
function canDecide(before: Configuration, left: readonly Member[]): boolean {
  const isLeft = (voter: Member): boolean => left.some((one) => sameMember(one, voter));
  return [before.voters, before.outgoing_voters].every(
    (voters) => voters.length === 0 || isMajority(voters, isLeft),
  );
}

/**
 * Whether a majority could have acknowledged something without any of those that were compared. While
 * joint either set may have: the new one after C(new), and the old one under a leader without C(old,new),
 * which is then thrown away.
 */
function canDecideWithout(before: Configuration, compared: readonly Survivor[]): boolean {
  const keys = new Set(compared.map(({ member }) => memberKey(member)));
  const isOutside = (voter: Member): boolean => !keys.has(memberKey(voter));
  return [before.voters, before.outgoing_voters].some(
    (voters) => voters.length > 0 && isMajority(voters, isOutside),
  );
}

/** Of a term that nobody can have heard of ({@link RECOVERY_TERM_LEAP}): no other log is newer. */
function nextEntry(
  chosen: Survivor,
  compared: readonly Survivor[],
  configuration: Configuration,
): Entry {
  const term = Math.max(...compared.map((survivor) => survivor.term)) + RECOVERY_TERM_LEAP;
  assert(Number.isSafeInteger(term), 'terms are u53 on disks and between replicas');
  assert(term > chosen.last.term, 'a term of a log that its replica has not heard of');
  assert(isVoter(configuration, chosen.member), 'who is gone on from votes');
  return sealEntry({
    index: chosen.last.index + 1,
    term,
    kind: 'configuration',
    request_id: '',
    payload: encodeConfiguration(configuration),
  });
}
