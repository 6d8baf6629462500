import { must } from '../../base/assert.ts';
import { isMember } from './membership.ts';
import type { RaftState } from './state.ts';
import { leadingState } from './state.ts';

/**
 * Forgets members that are gone, once the configuration without them is committed and they have it
 * themselves, so that they know not to stand; or an election timeout later, whether they have it or not.
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
    if (progress.match_index >= index || state.tick >= progress.leaves_tick) {
      leading.progress.delete(key);
    }
  }
}
