import { must } from '../../base/assert.ts';
import { memberKey } from './configuration.ts';
import type { LogIndex } from './entry.ts';
import { entryBytes } from './entry.ts';
import { sliceOfLog, termAt } from './log.ts';
import { quorumValue } from './quorum.ts';
import type { RaftState } from './state.ts';
import { advanceCommit, currentConfiguration, leadingState } from './state.ts';

/**
 * "If there exists an N such that N > commitIndex, a majority of matchIndex[i] >= N, and log[N].term ==
 * currentTerm: set commitIndex = N" (Figure 2, §5.4.2). The leader's own share is what is on its own
 * disk. True when the commit index moved.
 */
export function commitByQuorum(state: RaftState): boolean {
  const leading = leadingState(state);
  const configuration = must(currentConfiguration(state), 'a leader has a configuration');
  const self_key = memberKey(state.options.self);
  const index = quorumValue(configuration, (key) =>
    key === self_key ? state.log.persisted_index : (leading.progress.get(key)?.match_index ?? 0),
  );
  if (index <= state.commit_index || termAt(state.log, index) !== state.term) return false;
  releaseUncommitted(state, index);
  advanceCommit(state, index);
  return true;
}

function releaseUncommitted(state: RaftState, through: LogIndex): void {
  const leading = leadingState(state);
  let from = Math.max(state.commit_index + 1, leading.first_index_of_term);
  while (from <= through) {
    const entries = must(
      sliceOfLog(state.log, from, through, Number.MAX_SAFE_INTEGER),
      'uncommitted entries stay in memory',
    );
    for (const entry of entries) leading.uncommitted_bytes -= entryBytes(entry);
    from += entries.length;
  }
}
