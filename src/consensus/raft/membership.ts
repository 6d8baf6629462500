import { assert } from '../../base/assert.ts';
import { limits } from '../../limits.ts';
import type { Configuration, Member } from './configuration.ts';
import { allMembers, memberKey, sameMember } from './configuration.ts';

/** What a change of membership asks for, all at once. Pairs, not names: another disk is another member. */
export interface MembershipChange {
  /** They come in as learners; the leader promotes them when they have caught up and are wanted. */
  readonly add_learners: readonly Member[];
  readonly remove: readonly Member[];
  /** Learners that become voters. */
  readonly promote: readonly Member[];
  /**
   * Voters that become learners. Unless the change says otherwise, no more voters are wanted than are left:
   * with 7 wanted and 5 there, one demoted leaves 4 wanted, so that missing ones are not replaced either.
   */
  readonly demote: readonly Member[];
  /** How many voters are wanted from now on; null: as before. */
  readonly voters_wanted: number | null;
}

/** Why a change is not made. Closed. */
export type MembershipRefusal =
  | 'not_leader'
  /** The leader has not committed anything in its term yet, or does not know the others yet. */
  | 'not_ready'
  | 'change_in_progress'
  | 'transfer_in_progress'
  | 'nothing_to_change'
  /** A member is named for two different things. */
  | 'contradiction'
  | 'no_such_member'
  /** The node is a member; with another disk, the old pair must be removed by the same change. */
  | 'already_member'
  | 'already_voter'
  | 'not_a_voter'
  | 'would_leave_no_voters'
  | 'too_many_members'
  | 'bad_number_of_voters'
  /** Who should vote lacks too much of the log. */
  | 'not_caught_up'
  /** The pair that should be replaced answers: two processes run under one NODE_ID. */
  | 'still_heard'
  /** Of the voters there would be, no majority was heard of lately. */
  | 'no_quorum_heard';

/** Nothing. */
export const NO_CHANGE: MembershipChange = {
  add_learners: [],
  remove: [],
  promote: [],
  demote: [],
  voters_wanted: null,
};

export type PlannedChange =
  /** What is to be in force in the end; never joint. */
  | { readonly kind: 'planned'; readonly final: Configuration }
  | { readonly kind: 'refused'; readonly reason: MembershipRefusal };

/** What a change makes of a configuration, as far as the configuration itself can say. */
export function planChange(configuration: Configuration, change: MembershipChange): PlannedChange {
  assert(!isJoint(configuration), 'one change at a time');
  const reason = findFault(configuration, change);
  if (reason !== null) return { kind: 'refused', reason };
  const { add_learners, remove, promote, demote } = change;
  const voters = [...without(configuration.voters, [...remove, ...demote]), ...promote];
  const learners = [
    ...without(configuration.learners, [...remove, ...promote]),
    ...demote,
    ...add_learners,
  ];
  if (voters.length === 0) return { kind: 'refused', reason: 'would_leave_no_voters' };
  if (voters.length + learners.length > limits.cluster_size_max) {
    return { kind: 'refused', reason: 'too_many_members' };
  }
  const final: Configuration = {
    ...configuration,
    voters,
    learners,
    voters_wanted: change.voters_wanted ?? wantedAfter(configuration, demote, voters.length),
    removed: [...without(configuration.removed, [...add_learners, ...remove]), ...remove].slice(
      -limits.removed_members_max,
    ),
  };
  return { kind: 'planned', final };
}

/**
 * Were more wanted than are left, who was demoted on purpose would be promoted again at once: among the
 * learners it is the one that keeps up. So it is not enough to want as many fewer as were demoted.
 */
function wantedAfter(
  { voters_wanted }: Configuration,
  demote: readonly Member[],
  voters: number,
): number {
  return demote.length === 0 ? voters_wanted : Math.min(voters_wanted, voters);
}

function findFault(
  configuration: Configuration,
  change: MembershipChange,
): MembershipRefusal | null {
  const { add_learners, remove, promote, demote, voters_wanted } = change;
  const named = [...add_learners, ...remove, ...promote, ...demote];
  if (
    named.length === 0 &&
    (voters_wanted ?? configuration.voters_wanted) === configuration.voters_wanted
  ) {
    return 'nothing_to_change';
  }
  if (new Set(named.map(memberKey)).size !== named.length) return 'contradiction';
  const { voters, learners } = configuration;
  if (![...remove, ...promote, ...demote].every((one) => includes([...voters, ...learners], one))) {
    return 'no_such_member';
  }
  if (promote.some((one) => includes(voters, one))) return 'already_voter';
  if (!demote.every((one) => includes(voters, one))) return 'not_a_voter';
  const staying = [...without([...voters, ...learners], remove), ...add_learners];
  if (new Set(staying.map((one) => one.node_id)).size !== staying.length) return 'already_member';
  if (
    voters_wanted !== null &&
    !(
      Number.isSafeInteger(voters_wanted) &&
      voters_wanted >= 1 &&
      voters_wanted <= limits.cluster_size_max
    )
  ) {
    return 'bad_number_of_voters';
  }
  return null;
}

/**
 * What is appended first. When the voters change: the joint configuration C(old,new), which both
 * majorities decide (thesis §4.3); it says what follows it. Learners and numbers change at once.
 */
export function transitionTo(configuration: Configuration, final: Configuration): Configuration {
  assert(!isJoint(configuration) && !isJoint(final), 'one change at a time');
  const changes_voters =
    configuration.voters.length !== final.voters.length ||
    !final.voters.every((voter) => includes(configuration.voters, voter));
  return changes_voters ? { ...final, outgoing_voters: configuration.voters } : final;
}

export function isJoint(configuration: Configuration): boolean {
  return configuration.outgoing_voters.length > 0;
}

/** What follows a joint configuration once that is committed. */
export function finalOf(joint: Configuration): Configuration {
  assert(isJoint(joint), 'nothing follows what is final');
  return { ...joint, outgoing_voters: [] };
}

export function isMember(configuration: Configuration, member: Member): boolean {
  return includes(allMembers(configuration), member);
}

function includes(members: readonly Member[], member: Member): boolean {
  return members.some((one) => sameMember(one, member));
}

function without(members: readonly Member[], gone: readonly Member[]): readonly Member[] {
  return members.filter((member) => !includes(gone, member));
}
