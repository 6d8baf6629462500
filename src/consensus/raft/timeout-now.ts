import type { Member } from './configuration.ts';
import { mayStand, startElection } from './election.ts';
import { followLeader } from './follow-leader.ts';
import type { Token } from './input.ts';
import type { TimeoutNowRequest } from './message.ts';
import type { RaftState } from './state.ts';

/**
 * "This request has the same effect as the target's election timer firing: the target starts a new
 * election" (thesis §3.10), without asking beforehand: the leader itself makes room.
 */
export function receiveTimeoutNow(
  state: RaftState,
  from: Member,
  token: Token,
  message: TimeoutNowRequest,
): void {
  const accepted = followLeader(state, from, message.term) && mayStand(state) && !state.is_disk_low;
  if (accepted) startElection(state, true);
  state.effects.push({
    kind: 'reply_after_persist',
    token,
    message: { kind: 'timeout_now_response', term: state.term, accepted },
  });
}
