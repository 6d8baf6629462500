import type { NodeId } from '../../consensus/raft/configuration.ts';
import type { MembershipResult } from '../../consensus/raft/effect.ts';
import type { MembershipChange, MembershipRefusal } from '../../consensus/raft/membership.ts';
import type { TransferOutcome } from '../../consensus/raft/settle-transfer.ts';

/** What operators may do to the cluster: a port, of the leader's Raft group. */
export interface ClusterOperations {
  /** Hands leadership to a node, or to the one that is furthest. */
  transfer(target: NodeId | null, timeout_ms: number): Promise<TransferOutcome>;
  /** All at once; resolves when the new configuration is committed. */
  changeMembership(change: MembershipChange, timeout_ms: number): Promise<MembershipResult>;
}

/** One sentence each, for the operator. */
export const MEMBERS_REFUSAL_DETAIL: Readonly<
  Record<Exclude<MembershipRefusal, 'not_leader'>, string>
> = {
  not_ready: 'The leader is new and does not know enough yet; try again in a few seconds.',
  change_in_progress: 'Another change of members is under way; try again when it has ended.',
  transfer_in_progress: 'Leadership is being handed over; try again in a few seconds.',
  nothing_to_change: 'That is how it is already.',
  contradiction: 'The same replica is named for two different things.',
  no_such_member: 'Not all that are named are members; see `agenda member list`.',
  already_member: 'It is a member already.',
  already_voter: 'It votes already.',
  not_a_voter: 'It does not vote, so it cannot be demoted.',
  would_leave_no_voters: 'Nobody would be left to vote.',
  too_many_members: 'There would be too many members.',
  bad_number_of_voters: 'So many voters cannot be wanted.',
  not_caught_up:
    'It lacks too much of the log to vote; see its lag with `agenda status`, and try again.',
  still_heard:
    'The one to be replaced still answers: two processes may be running under one NODE_ID. Stop it first.',
  no_quorum_heard:
    'Of the voters there would be, a majority was not heard of lately: nothing could be written.',
};

/** One sentence each; what was done, and what was not. */
export const TRANSFER_DETAIL: Readonly<
  Record<Exclude<TransferOutcome, 'transferred' | 'not_leader'>, string>
> = {
  no_target: 'Nobody who votes and was heard of lately could take over, or not who was named.',
  already_transferring: 'Leadership is being handed over already.',
  refused: 'The other replica would not stand, or could not be reached; the leader leads on.',
  other_leader: 'Leadership was lost meanwhile, to another than was meant; see `agenda status`.',
  timed_out: 'It did not come about within an election timeout, and may yet; see `agenda status`.',
};
