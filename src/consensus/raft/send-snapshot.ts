import { assert } from '../../base/assert.ts';
import { commitByQuorum } from './commit.ts';
import { memberKey } from './configuration.ts';
import type { Progress } from './progress.ts';
import { serveWaitingReads } from './rounds.ts';
import type { SnapshotOutcome } from './snapshot.ts';
import type { RaftState } from './state.ts';
import { leadingState } from './state.ts';

/** Whether the log no longer holds what the member lacks (paper §7): appends cannot help it. */
export function isCutOff(state: RaftState, progress: Progress): boolean {
  return progress.next_index <= state.log.before_first.index;
}

/** Has a snapshot sent to a member that needs one, unless one is on its way. */
export function offerSnapshot(state: RaftState, progress: Progress): void {
  assert(!state.is_state_missing, 'a leader without a state');
  if (isCutOff(state, progress)) progress.state = 'snapshot';
  else if (progress.needs_snapshot_from === 0) return;
  if (progress.is_snapshot_in_flight || state.tick < progress.snapshot_paused_until_tick) return;
  // A file made for one that does not answer is of no use when it does.
  const silent_ticks = state.tick - (progress.last_contact_tick ?? Number.NEGATIVE_INFINITY);
  if (silent_ticks > state.options.election_ticks) return;
  const min_index = Math.max(state.log.before_first.index, progress.needs_snapshot_from);
  // Its state was ahead of ours; ours gets there.
  if (state.applied_index < min_index) return;
  progress.is_snapshot_in_flight = true;
  state.effects.push({ kind: 'send_snapshot', to: progress.member, term: state.term, min_index });
}

/** The driver is done. An installed snapshot is the log up to its index, on the member's disk. */
export function snapshotEnded(state: RaftState, { to, term, index }: SnapshotOutcome): void {
  if (state.role !== 'leader' || term !== state.term) return;
  const progress = leadingState(state).progress.get(memberKey(to));
  if (progress === undefined) return;
  assert(progress.is_snapshot_in_flight, 'a snapshot that was not sent');
  progress.is_snapshot_in_flight = false;
  if (index === null) {
    progress.snapshot_paused_until_tick = state.tick + state.options.election_ticks;
    return;
  }
  assert(index <= state.applied_index, 'a snapshot of what is not applied');
  progress.needs_snapshot_from = 0;
  progress.state = 'replicate';
  progress.paused_until_tick = 0;
  progress.next_index = Math.max(progress.next_index, index + 1);
  if (index > progress.match_index) progress.match_index = index;
  if (commitByQuorum(state)) serveWaitingReads(state);
}
