import { assert } from '../../base/assert.ts';
import { setBase } from './compact.ts';
import type { Member } from './configuration.ts';
import { memberKey } from './configuration.ts';
import type { LogIndex, Term } from './entry.ts';
import { followLeader } from './follow-leader.ts';
import type { Token } from './input.ts';
import { cutLog, resetLog, termAt } from './log.ts';
import type { LogBase } from './log-base.ts';
import type { InstallSnapshotRequest, InstallSnapshotResponse } from './message.ts';
import { becomeFollower } from './role.ts';
import type { RaftState } from './state.ts';
import { announceApplicable, currentConfiguration } from './state.ts';

/**
 * InstallSnapshot (paper §7, Figure 13). The core judges terms and what a snapshot does to the log; the
 * driver carries the bytes and puts the state in place.
 */

/** A chunk is a sign of the leader as any of its messages; what to do with its bytes is the driver's. */
export function receiveSnapshotRequest(
  state: RaftState,
  from: Member,
  token: Token,
  message: InstallSnapshotRequest,
): void {
  // 1. "Reply immediately if term < currentTerm."
  if (!followLeader(state, from, message.term)) {
    answer(state, token, message, 'refused');
    return;
  }
  const { index } = message.manifest.base;
  if (state.is_state_missing) {
    // The log that is here must be able to go on from it.
    if (index < state.log.before_first.index) answer(state, token, message, 'refused');
    else state.effects.push({ kind: 'receive_snapshot', token, message });
  } else if (index <= state.commit_index) {
    // All of it is here: installed before, or had by appends meanwhile.
    answer(state, token, message, 'installed');
  } else {
    state.effects.push({ kind: 'receive_snapshot', token, message });
  }
}

function answer(
  state: RaftState,
  token: Token,
  { manifest }: InstallSnapshotRequest,
  progress: 'installed' | 'refused',
): void {
  state.effects.push({
    kind: 'reply_after_persist',
    token,
    message: {
      kind: 'install_snapshot_response',
      term: state.term,
      snapshot_id: manifest.snapshot_id,
      progress,
      offset: progress === 'installed' ? manifest.bytes : 0,
    },
  });
}

/**
 * The state of a snapshot is in place, durably, and tells by itself where it stands: from here on the log
 * counts as durable up to there, whatever the log store still has to write.
 *
 * 6. "If existing log entry has same index and term as snapshot's last included entry, retain log entries
 * following it"; 7. "discard the entire log".
 */
export function snapshotInstalled(state: RaftState, base: LogBase): void {
  const { log } = state;
  assert(base.index > state.applied_index, 'a state is replaced by a later one');
  assert(base.term <= state.term, 'a snapshot from a later term');
  const before = currentConfiguration(state);
  const retained = termAt(log, base.index) === base.term;
  if (retained) {
    if (base.index > log.before_first.index) {
      setBase(state, base);
      cutLog(log, base);
    }
  } else {
    assert(base.index > state.commit_index, 'a snapshot disagrees with a committed entry');
    assert(state.leading === null, 'a leader lacks what is committed');
    if (log.last_index > state.commit_index) state.unwritten.truncate_from = state.commit_index + 1;
    state.configurations.length = 0;
    setBase(state, base);
    resetLog(log, base);
  }
  log.persisted_index = Math.max(log.persisted_index, base.index);
  state.commit_index = Math.max(state.commit_index, base.index);
  state.verified_index = Math.max(state.verified_index, base.index);
  state.applied_index = base.index;
  state.apply_through = Math.max(state.apply_through, base.index);
  state.is_state_missing = false;
  announceApplicable(state);
  const configuration = currentConfiguration(state);
  if (configuration !== before) {
    state.effects.push({ kind: 'configuration_changed', configuration });
  }
}

/** A member's answer to a chunk: a sign of life; what it says of the transfer is the driver's. */
export function receiveSnapshotResponse(
  state: RaftState,
  from: Member,
  message: InstallSnapshotResponse,
): void {
  if (message.term > state.term) {
    becomeFollower(state, message.term, null);
    return;
  }
  const progress = state.leading?.progress.get(memberKey(from));
  if (progress !== undefined && message.term === state.term) {
    progress.last_contact_tick = state.tick;
  }
}

/** How a transfer ended; of an earlier leadership it says nothing. Null: it failed. */
export interface SnapshotOutcome {
  readonly to: Member;
  readonly term: Term;
  readonly index: LogIndex | null;
}
