import { must } from '../../base/assert.ts';
import { limits } from '../../limits.ts';
import type { LogIndex } from './entry.ts';
import { sliceOfLog, termAt } from './log.ts';
import type { Progress } from './progress.ts';
import { isCutOff, offerSnapshot } from './send-snapshot.ts';
import type { RaftState } from './state.ts';
import { leadingState } from './state.ts';

/** The leader sends AppendEntries (paper §5.3; thesis §10.2): one growing batch to each member. */

export function replicateToAll(state: RaftState): void {
  for (const progress of leadingState(state).progress.values()) replicateTo(state, progress);
}

/**
 * Sends whatever the member lacks, unless a batch is on its way: the next one grows meanwhile. A snapshot,
 * when the log cannot help it.
 */
export function replicateTo(state: RaftState, progress: Progress): void {
  offerSnapshot(state, progress);
  if (progress.append_in_flight !== null || state.tick < progress.paused_until_tick) return;
  if (progress.state === 'snapshot') return;
  if (progress.state === 'probe') {
    sendAppend(state, progress, progress.next_index - 1);
  } else if (progress.next_index <= state.log.last_index) {
    sendAppend(state, progress, state.log.last_index);
  }
}

/**
 * A commit that no append has carried after so many ticks gets a message of its own. A client that writes
 * one thing after the other is quicker: its next write carries the news of the last.
 */
const COMMIT_NOTICE_TICKS = 3;

/**
 * Tells members of commits that no append has carried to them. Called once a tick: under load the next
 * batch does it for nothing.
 */
export function tellCommits(state: RaftState): void {
  for (const progress of leadingState(state).progress.values()) {
    if (progress.append_in_flight !== null || state.tick < progress.paused_until_tick) continue;
    if (isCutOff(state, progress)) continue;
    if (state.tick - progress.append_sent_tick < COMMIT_NOTICE_TICKS) continue;
    if (progress.commit_told < Math.min(state.commit_index, progress.match_index)) {
      sendAppend(state, progress, progress.next_index - 1);
    }
  }
}

/** Sends the entries from `next_index` through `through`: none, when that is the index before it. */
function sendAppend(state: RaftState, progress: Progress, through: LogIndex): void {
  const leading = leadingState(state);
  const previous_index = progress.next_index - 1;
  const previous_term = must(termAt(state.log, previous_index), 'term of the previous entry');
  const message = {
    kind: 'append',
    term: state.term,
    append_id: leading.next_append_id,
    previous: { index: previous_index, term: previous_term },
    entries: [],
    leader_commit: state.commit_index,
  } as const;
  leading.next_append_id += 1;
  progress.append_in_flight = message.append_id;
  progress.append_sent_tick = state.tick;
  progress.commit_told = Math.min(state.commit_index, Math.max(through, progress.commit_told));
  const to = progress.member;
  if (through < progress.next_index) {
    state.effects.push({ kind: 'send', to, message });
    return;
  }
  const entries = sliceOfLog(state.log, progress.next_index, through, limits.append_bytes_max);
  if (entries === null) {
    state.effects.push({ kind: 'send_from_store', to, message, through_index: through });
  } else {
    state.effects.push({ kind: 'send', to, message: { ...message, entries } });
  }
}
