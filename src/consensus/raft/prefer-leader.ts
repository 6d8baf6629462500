import { must } from '../../base/assert.ts';
import { memberKey } from './configuration.ts';
import { isJoint } from './membership.ts';
import type { Progress } from './progress.ts';
import type { RaftState } from './state.ts';
import { isTransferring, leadingState } from './state.ts';
import { beginTransfer } from './transfer.ts';

/**
 * `LEADER_PRIORITY`: a leader hands over to a voter that would rather lead, by transfer (thesis §3.10: "to move
 * the leader to a more suitable server"). Not before it has led for `priority_pause_ticks`, nor sooner after an
 * attempt: leadership moves for this reason once in that time at most, whoever leads. And only to one that
 * was heard and kept up during half of it without a break: one that comes and goes is not preferred.
 */
export function preferLeader(state: RaftState): void {
  const leading = leadingState(state);
  const { priority_pause_ticks } = state.options;
  const since_tick = Math.max(leading.since_tick, leading.preferred_tick ?? 0);
  if (state.tick - since_tick < priority_pause_ticks || isTransferring(state)) return;
  const { configuration, index } = must(state.configurations.at(-1), 'a leader has one');
  if (index > state.commit_index || isJoint(configuration)) return;
  let best: Progress | null = null;
  for (const voter of configuration.voters) {
    const progress = leading.progress.get(memberKey(voter));
    if (progress === undefined || progress.near_since_tick === null) continue;
    if (state.tick - progress.near_since_tick < priority_pause_ticks / 2) continue;
    if (progress.priority > (best?.priority ?? state.options.priority)) best = progress;
  }
  if (best === null) return;
  leading.preferred_tick = state.tick;
  beginTransfer(state, null, best.member);
}
