import type { Member } from './configuration.ts';
import { isVoter, memberKey, sameMember } from './configuration.ts';
import type { Position } from './entry.ts';
import type { Token } from './input.ts';
import { lastPosition } from './log.ts';
import type { VoteRequest } from './message.ts';
import { currentConfiguration } from './state.ts';
import type { RaftState } from './state.ts';
import { becomeFollower, resetElectionTimer } from './role.ts';

/** Answering RequestVote (paper §5.2, §5.4.1) and pre-vote (thesis §9.6). */

/**
 * "Raft determines which of two logs is more up-to-date by comparing the index and term of the last
 * entries in the logs" (§5.4.1).
 */
function isUpToDate(candidate: Position, own: Position): boolean {
  if (candidate.term !== own.term) return candidate.term > own.term;
  return candidate.index >= own.index;
}

/** Of two whose logs allow both to lead. Who is no voter here may ask in vain, and often. */
function comesFirst(from: Member, { last_log }: VoteRequest, state: RaftState): boolean {
  const configuration = currentConfiguration(state);
  if (configuration === null || !isVoter(configuration, from)) return false;
  const is_beyond_own = !isUpToDate(lastPosition(state.log), last_log);
  return is_beyond_own || memberKey(from) < memberKey(state.options.self);
}

/**
 * "If a server receives a RequestVote request within the minimum election timeout of hearing from a
 * current leader, it does not update its term or grant its vote" (thesis §4.2.3).
 */
function hearsALeader(state: RaftState): boolean {
  if (state.role === 'leader') return true;
  return state.leader !== null && state.election_elapsed < state.options.election_ticks;
}

export function receiveVoteRequest(
  state: RaftState,
  from: Member,
  token: Token,
  message: VoteRequest,
): void {
  if (message.pre_vote) receivePreVote(state, from, token, message);
  else receiveVote(state, from, token, message);
}

function receivePreVote(state: RaftState, from: Member, token: Token, message: VoteRequest): void {
  const granted =
    message.term > state.term &&
    !hearsALeader(state) &&
    isUpToDate(message.last_log, lastPosition(state.log));
  // Of two that ask at the same moment each would grant the other's and then vote for itself: one stands
  // back, the same one wherever they meet, and its timeout begins anew should the other not win.
  if (granted && state.role === 'pre_candidate' && comesFirst(from, message, state)) {
    becomeFollower(state, state.term, null);
  }
  answer(state, token, message, granted);
}

function receiveVote(state: RaftState, from: Member, token: Token, message: VoteRequest): void {
  // "I have permission to disrupt the leader: it told me to!" (thesis §4.2.3).
  const would_disturb = !message.is_transfer && hearsALeader(state);
  if (message.term < state.term || (message.term > state.term && would_disturb)) {
    answer(state, token, message, false);
    return;
  }
  if (message.term > state.term) becomeFollower(state, message.term, null);
  const may_vote = state.voted_for === null || sameMember(state.voted_for, from);
  const granted = may_vote && isUpToDate(message.last_log, lastPosition(state.log));
  if (granted) {
    // Only asking for pre-votes: in this term it is a follower as any.
    if (state.role === 'pre_candidate') becomeFollower(state, state.term, null);
    if (state.voted_for === null) {
      state.voted_for = from;
      state.unwritten.hard_state = true;
    }
    resetElectionTimer(state);
  }
  answer(state, token, message, granted);
}

function answer(state: RaftState, token: Token, message: VoteRequest, granted: boolean): void {
  state.effects.push({
    // "Updated on stable storage before responding to RPCs" (Figure 2).
    kind: 'reply_after_persist',
    token,
    message: {
      kind: 'vote_response',
      pre_vote: message.pre_vote,
      asked_term: message.term,
      term: state.term,
      granted,
    },
  });
}
