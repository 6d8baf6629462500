import { assert, must } from '../../base/assert.ts';
import { afterCommit } from './after-commit.ts';
import { commitByQuorum } from './commit.ts';
import type { Member } from './configuration.ts';
import { memberKey } from './configuration.ts';
import type { LogIndex, Term } from './entry.ts';
import { lastIndexOfTermAtMost, termAt } from './log.ts';
import type { AppendResponse, LogConflict } from './message.ts';
import type { Progress } from './progress.ts';
import { becomeFollower } from './role.ts';
import { replicateTo } from './send-append.ts';
import { advanceTransfer } from './transfer.ts';
import type { RaftState } from './state.ts';
import { leadingState } from './state.ts';

/** What the leader makes of the answers to AppendEntries (paper §5.3). */

export function receiveAppendResponse(
  state: RaftState,
  from: Member,
  message: AppendResponse,
): void {
  if (message.term > state.term) {
    becomeFollower(state, message.term, null);
    return;
  }
  if (state.role !== 'leader' || message.term < state.term) return;
  // Refused for its term, which is not this one: append ids are unique for a term only.
  if (!message.success && message.conflict === null) return;
  const progress = leadingState(state).progress.get(memberKey(from));
  // Only pairs of the configuration count; anyone else's acknowledgement is no vote for an entry.
  if (progress === undefined) return;
  progress.last_contact_tick = state.tick;
  const answers_what_is_in_flight = progress.append_in_flight === message.append_id;
  if (answers_what_is_in_flight) progress.append_in_flight = null;
  if (message.success) {
    accept(state, progress, message.match_index);
  } else if (answers_what_is_in_flight) {
    backtrack(state, progress, must(message.conflict, 'a refusal says why'));
  }
  // Its last act may have been to commit that it is no member any more.
  if (state.leading === null) return;
  replicateTo(state, progress);
  advanceTransfer(state);
}

function accept(state: RaftState, progress: Progress, match_index: LogIndex): void {
  assert(match_index <= state.log.last_index, 'a member acknowledges what was never sent');
  progress.state = 'replicate';
  progress.paused_until_tick = 0;
  progress.next_index = Math.max(progress.next_index, match_index + 1);
  if (match_index <= progress.match_index) return;
  progress.match_index = match_index;
  if (commitByQuorum(state)) afterCommit(state);
}

/**
 * Skips a whole term at a time (end of §5.3): if the leader has entries of the conflicting term, the logs
 * may agree up to its last one of them; otherwise not before the follower's first.
 */
function backtrack(state: RaftState, progress: Progress, conflict: LogConflict): void {
  const last_of_term = lastIndexOfTermAtMost(state.log, conflict.term);
  const has_term = conflict.term > 0 && termAt(state.log, last_of_term) === conflict.term;
  const candidate = has_term ? Math.min(last_of_term + 1, progress.next_index - 1) : conflict.index;
  progress.state = 'probe';
  progress.next_index = Math.max(
    progress.match_index + 1,
    Math.min(candidate, progress.next_index - 1),
  );
}

/** The append was lost, or its answer: where the logs agree must be found out again. */
export function appendFailed(state: RaftState, to: Member, term: Term, append_id: number): void {
  if (state.role !== 'leader' || term < state.term) return;
  const progress = leadingState(state).progress.get(memberKey(to));
  if (progress === undefined || progress.append_in_flight !== append_id) return;
  progress.append_in_flight = null;
  progress.state = 'probe';
  if (progress.match_index > 0) progress.next_index = progress.match_index + 1;
  progress.commit_told = Math.min(progress.commit_told, progress.match_index);
  progress.paused_until_tick = state.tick + state.options.heartbeat_ticks;
}
