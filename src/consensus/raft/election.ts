import { memberKey } from './configuration.ts';
import type { Member } from './configuration.ts';
import { leavesElectionOut } from './disk-low.ts';
import { lastPosition } from './log.ts';
import type { VoteResponse } from './message.ts';
import { isQuorum } from './quorum.ts';
import type { RaftState } from './state.ts';
import {
  currentConfiguration,
  diskIsStalled,
  hardStateIsDurable,
  otherMembers,
  selfMayLead,
} from './state.ts';
import { becomeLeader } from './lead.ts';
import { becomeCandidate, becomeFollower, becomePreCandidate } from './role.ts';

/** Standing for election: pre-vote (thesis §9.6), then RequestVote (paper §5.2). */

/**
 * A replica whose disk does not answer could keep neither its vote nor its entries; one without a state
 * could commit, and answer nobody.
 */
export function mayStand(state: RaftState): boolean {
  return (
    selfMayLead(state) && !diskIsStalled(state) && !state.is_apply_halted && !state.is_state_missing
  );
}

/** The election timeout elapsed without a leader or a vote given. */
export function campaign(state: RaftState): void {
  if (!mayStand(state) || leavesElectionOut(state)) {
    becomeFollower(state, state.term, null);
    return;
  }
  becomePreCandidate(state);
  if (winsVotes(state)) startElection(state, false);
  else askForVotes(state, true, false);
}

/** `is_transfer`: the leader asked for it, so nobody is asked beforehand whether they hear one. */
export function startElection(state: RaftState, is_transfer: boolean): void {
  becomeCandidate(state);
  askForVotes(state, false, is_transfer);
}

function askForVotes(state: RaftState, pre_vote: boolean, is_transfer: boolean): void {
  const message = {
    kind: 'vote',
    pre_vote,
    is_transfer,
    term: pre_vote ? state.term + 1 : state.term,
    last_log: lastPosition(state.log),
  } as const;
  for (const to of otherMembers(state)) {
    // The candidate's term and its own vote are durable before anyone hears of them.
    state.effects.push({ kind: pre_vote ? 'send' : 'send_after_persist', to, message });
  }
}

function winsVotes(state: RaftState): boolean {
  const configuration = currentConfiguration(state);
  return configuration !== null && isQuorum(configuration, (key) => state.votes.get(key) === true);
}

function losesVotes(state: RaftState): boolean {
  const configuration = currentConfiguration(state);
  return configuration !== null && isQuorum(configuration, (key) => state.votes.get(key) === false);
}

export function receiveVoteResponse(state: RaftState, from: Member, message: VoteResponse): void {
  if (message.term > state.term) {
    becomeFollower(state, message.term, null);
    return;
  }
  if (state.role !== (message.pre_vote ? 'pre_candidate' : 'candidate')) return;
  if (message.asked_term !== (message.pre_vote ? state.term + 1 : state.term)) return;
  state.votes.set(memberKey(from), message.granted);
  if (winsVotes(state)) {
    if (message.pre_vote) startElection(state, false);
    else becomeLeader(state);
  } else if (losesVotes(state)) {
    becomeFollower(state, state.term, null);
    retrySoon(state);
  } else if (message.pre_vote && !message.granted) {
    // Who does not answer may be the dead leader itself: there is nothing to wait for.
    retrySoon(state);
  }
}

/**
 * A lost round is tried again after about a heartbeat, with jitter: whoever refused because a leader was
 * alive a moment ago may have noticed by then, and a whole timeout would only lengthen the outage.
 */
function retrySoon(state: RaftState): void {
  const { heartbeat_ticks, prng } = state.options;
  const wait = heartbeat_ticks + prng.below(heartbeat_ticks + 1);
  state.election_elapsed = Math.max(state.election_elapsed, state.election_timeout - wait);
}

/** The own vote is on disk: now it counts (§5.2; "votes for itself"). */
export function countOwnVote(state: RaftState): void {
  if (state.role !== 'candidate' || !hardStateIsDurable(state)) return;
  state.votes.set(memberKey(state.options.self), true);
  if (winsVotes(state)) becomeLeader(state);
}
