import { assert } from '../../base/assert.ts';
import type { Member } from './configuration.ts';
import { memberKey } from './configuration.ts';
import type { Term } from './entry.ts';
import { followLeader } from './follow-leader.ts';
import type { Token } from './input.ts';
import type { HeartbeatRequest, HeartbeatResponse } from './message.ts';
import { becomeFollower } from './role.ts';
import { completeRounds } from './rounds.ts';
import { replicateTo } from './send-append.ts';
import type { RaftState } from './state.ts';
import { advanceCommit, hardStateIsDurable, leadingState } from './state.ts';

/**
 * Heartbeats apart from appends, so that neither a big batch nor a slow disk delays them (§5.2).
 */

export function receiveHeartbeatRequest(
  state: RaftState,
  from: Member,
  token: Token,
  message: HeartbeatRequest,
): void {
  const success = followLeader(state, from, message.term);
  if (success) {
    assert(
      message.commit_index <= state.log.last_index,
      'told to commit what was never acknowledged',
    );
    advanceCommit(state, message.commit_index);
    if (message.freshness !== null) state.effects.push({ kind: 'fresh', ...message.freshness });
  }
  state.effects.push({
    // Waits for the disk only when the term itself is not durable yet.
    kind: hardStateIsDurable(state) ? 'reply' : 'reply_after_persist',
    token,
    message: {
      kind: 'heartbeat_response',
      term: state.term,
      round: message.round,
      success,
      echo_ms: state.now_ms,
      applied_index: state.applied_index,
      last_index: state.log.last_index,
      needs_snapshot_from: state.is_state_missing ? state.log.before_first.index : 0,
      priority: state.options.priority,
    },
  });
}

export function receiveHeartbeatResponse(
  state: RaftState,
  from: Member,
  message: HeartbeatResponse,
): void {
  if (message.term > state.term) {
    becomeFollower(state, message.term, null);
    return;
  }
  if (state.role !== 'leader' || message.term < state.term || !message.success) return;
  const progress = leadingState(state).progress.get(memberKey(from));
  if (progress === undefined) return;
  progress.heartbeats_in_flight = Math.max(0, progress.heartbeats_in_flight - 1);
  progress.last_contact_tick = state.tick;
  progress.paused_until_tick = 0;
  progress.round_confirmed = Math.max(progress.round_confirmed, message.round);
  progress.echo_ms = message.echo_ms;
  progress.needs_snapshot_from = message.needs_snapshot_from;
  progress.priority = message.priority;
  progress.applied_index = Math.max(progress.applied_index, message.applied_index);
  completeRounds(state);
  replicateTo(state, progress);
}

export function heartbeatFailed(state: RaftState, to: Member, term: Term): void {
  if (state.role !== 'leader' || term < state.term) return;
  const progress = leadingState(state).progress.get(memberKey(to));
  if (progress === undefined) return;
  progress.heartbeats_in_flight = Math.max(0, progress.heartbeats_in_flight - 1);
}
