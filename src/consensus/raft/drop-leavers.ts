import { must } from '../../base/assert.ts';
import { isMember } from './membership.ts';
import type { RaftState } from './state.ts';
import { leadingState } from './state.ts';

/**
 * Forgets members that are gone, once they know themselves that the configuration without them is committed,
 * and so do not stand any more; or an election timeout after it is, whether they know or not.
 */
export function dropLeavers(state: RaftState): void {
  const leading = leadingState(state);
  const { index, configuration } = must(
    state.configurations.at(-1),
    'a leader has a configuration',
  );
  if (index > state.commit_index) return;
  for (const [key, progress] of leading.progress) {
    if (isMember(configuration, progress.member)) continue;
    progress.leaves_tick ??= state.tick + state.options.election_ticks;
    const knows =
      progress.match_index >= index &&
      progress.commit_told >= index &&
      progress.append_in_flight === null;
    if (knows || state.tick >= progress.leaves_tick) {
      leading.progress.delete(key);
    }
  }
}
