import { assert, must } from '../../base/assert.ts';
import type { Member, NodeId } from './configuration.ts';
import { memberKey, sameMember } from './configuration.ts';
import type { Term } from './entry.ts';
import type { Token } from './input.ts';
import type { TimeoutNowResponse } from './message.ts';
import type { Progress } from './progress.ts';
import { becomeFollower } from './role.ts';
import { replicateTo } from './send-append.ts';
import { settleTransfer } from './settle-transfer.ts';
import type { RaftState } from './state.ts';
import {
  currentConfiguration,
  isHeard,
  isTransferring,
  leadingState,
  selfIsVoter,
} from './state.ts';

/**
 * Leadership transfer (thesis §3.10):
 *
 * 1. "The prior leader stops accepting new client requests."
 * 2. It "fully updates the target server's log to match its own".
 * 3. It "sends a TimeoutNow request to the target server", which stands at once.
 *
 * "If leadership transfer does not complete after about an election timeout, the prior leader aborts the
 * transfer and resumes accepting client requests." Reads need nothing else than ever: each is confirmed
 * by a round that began after it, and no answer rests on how long a leader was promised to stay.
 */

/** Somebody asks for it. */
export function receiveTransfer(state: RaftState, token: Token, target: NodeId | null): void {
  const refuse = (outcome: 'not_leader' | 'no_target' | 'already_transferring'): void => {
    state.effects.push({ kind: 'transfer_settled', token, outcome });
  };
  if (state.role !== 'leader') return refuse('not_leader');
  if (state.transfer !== null) return refuse('already_transferring');
  if (target === state.options.self.node_id) {
    state.effects.push({ kind: 'transfer_settled', token, outcome: 'transferred' });
    return undefined;
  }
  const chosen = bestTarget(state, target);
  if (chosen === null) return refuse('no_target');
  return beginTransfer(state, token, chosen);
}

/** Of the voters heard of lately, or the one that is named, the one that lacks the least; null: none. */
export function bestTarget(state: RaftState, node_id: NodeId | null): Member | null {
  const leading = leadingState(state);
  const configuration = must(currentConfiguration(state), 'a leader has a configuration');
  let best: Progress | null = null;
  for (const voter of configuration.voters) {
    if (node_id !== null && voter.node_id !== node_id) continue;
    const progress = leading.progress.get(memberKey(voter));
    if (progress === undefined || !isHeard(state, progress)) continue;
    if (best === null || progress.match_index > best.match_index) best = progress;
  }
  return best === null ? null : best.member;
}

export function beginTransfer(state: RaftState, token: Token | null, target: Member): void {
  assert(state.role === 'leader' && state.transfer === null, 'one transfer at a time, by a leader');
  assert(!sameMember(target, state.options.self), 'a transfer to itself');
  const ends_tick = state.tick + state.options.election_ticks;
  state.transfer = { token, target, ends_tick, is_told: false };
  advanceTransfer(state);
}

/** Tells the target to stand as soon as it has everything; until then its appends go on. */
export function advanceTransfer(state: RaftState): void {
  const { transfer } = state;
  if (transfer === null || transfer.is_told || !isTransferring(state)) return;
  const progress = leadingState(state).progress.get(memberKey(transfer.target));
  if (progress === undefined) {
    giveUp(state, 'no_target');
    return;
  }
  if (progress.match_index < state.log.last_index) {
    replicateTo(state, progress);
    return;
  }
  transfer.is_told = true;
  const message = { kind: 'timeout_now', term: state.term } as const;
  state.effects.push({ kind: 'send', to: transfer.target, message });
}

export function receiveTimeoutNowResponse(
  state: RaftState,
  from: Member,
  message: TimeoutNowResponse,
): void {
  if (message.term > state.term) {
    becomeFollower(state, message.term, null);
    return;
  }
  if (!message.accepted) targetFailed(state, from, message.term);
}

/** It may have arrived all the same: then a vote is asked for soon, and given. */
export function timeoutNowFailed(state: RaftState, to: Member, term: Term): void {
  targetFailed(state, to, term);
}

function targetFailed(state: RaftState, target: Member, term: Term): void {
  const { transfer } = state;
  if (transfer === null || !isTransferring(state) || term < state.term) return;
  if (transfer.is_told && sameMember(transfer.target, target)) giveUp(state, 'refused');
}

export function tickTransfer(state: RaftState): void {
  const { transfer } = state;
  if (transfer === null) return;
  if (state.tick >= transfer.ends_tick) giveUp(state, 'timed_out');
  else advanceTransfer(state);
}

/** A leader goes on leading, unless it only stayed to hand over: it does not vote any more. */
function giveUp(state: RaftState, outcome: 'no_target' | 'refused' | 'timed_out'): void {
  settleTransfer(state, outcome);
  if (state.role === 'leader' && !selfIsVoter(state)) becomeFollower(state, state.term, null);
}
