import { assert } from '../../base/assert.ts';
import type { Member } from './configuration.ts';
import type { Entry, LogIndex } from './entry.ts';
import { followLeader } from './follow-leader.ts';
import type { Token } from './input.ts';
import { firstIndexOfTermAt, termAt } from './log.ts';
import type { AppendRequest, LogConflict } from './message.ts';
import type { RaftState } from './state.ts';
import { advanceCommit } from './state.ts';
import { appendEntries, truncateEntries } from './write-log.ts';

/** Answering AppendEntries (paper §5.3, Figure 2). */

export function receiveAppendRequest(
  state: RaftState,
  from: Member,
  token: Token,
  message: AppendRequest,
): void {
  // 1. "Reply false if term < currentTerm."
  if (!followLeader(state, from, message.term)) {
    answer(state, token, message, { success: false, match_index: 0, conflict: null });
    return;
  }
  // 2. "Reply false if log doesn't contain an entry at prevLogIndex whose term matches prevLogTerm."
  const conflict = findConflict(state, message);
  if (conflict !== null) {
    answer(state, token, message, { success: false, match_index: 0, conflict });
    return;
  }
  // 3. and 4.
  appendMissing(state, message.entries);
  // 5. "If leaderCommit > commitIndex, set commitIndex = min(leaderCommit, index of last new entry)":
  // of the last entry this request vouches for, not of the last one in the log.
  const vouched_index = message.previous.index + message.entries.length;
  state.verified_index = Math.max(state.verified_index, vouched_index);
  advanceCommit(state, Math.min(message.leader_commit, vouched_index));
  answer(state, token, message, { success: true, match_index: vouched_index, conflict: null });
}

/** Null when the logs agree at `previous`. What is before the first entry here is committed, so agrees. */
function findConflict(state: RaftState, message: AppendRequest): LogConflict | null {
  const { index, term } = message.previous;
  if (index < state.log.before_first.index) return null;
  const own_term = termAt(state.log, index);
  if (own_term === null) return { term: 0, index: state.log.last_index + 1 };
  if (own_term === term) return null;
  assert(index > state.commit_index, 'the leader disagrees with a committed entry');
  return { term: own_term, index: firstIndexOfTermAt(state.log, index) };
}

/**
 * 3. "If an existing entry conflicts with a new one (same index but different terms), delete the existing
 * entry and all that follow it"; 4. "append any new entries not already in the log". A request that holds
 * nothing new, late or repeated, changes nothing.
 */
function appendMissing(state: RaftState, entries: readonly Entry[]): void {
  const first_new = entries.findIndex(
    (entry) =>
      entry.index > state.log.before_first.index && termAt(state.log, entry.index) !== entry.term,
  );
  if (first_new === -1) return;
  const missing = entries.slice(first_new);
  const from = missing[0]?.index ?? 0;
  if (from <= state.log.last_index) truncateEntries(state, from);
  appendEntries(state, missing);
}

function answer(
  state: RaftState,
  token: Token,
  message: AppendRequest,
  result: { success: boolean; match_index: LogIndex; conflict: LogConflict | null },
): void {
  state.effects.push({
    kind: 'reply_after_persist',
    token,
    message: { kind: 'append_response', term: state.term, append_id: message.append_id, ...result },
  });
}
