import { assert } from '../base/assert.ts';
import type { LogStore, StoredLog } from './ports.ts';
import type { LogBase } from './raft/log-base.ts';

/**
 * Cuts a log at a place that is committed, as a snapshot from there would (paper §7, Figure 13): with
 * `goes_on` what is here behind it stays, otherwise nothing does.
 */
export async function cutAtBase(
  store: LogStore,
  { hard_state, commit_index, last_index }: StoredLog,
  base: LogBase,
  goes_on: boolean,
): Promise<void> {
  assert(goes_on || base.index > commit_index, 'two committed entries at one index');
  await store.write([
    {
      kind: 'persist',
      write_id: 0,
      // A cut is never of a later term than this replica has been in.
      hard_state: base.term > hard_state.term ? { term: base.term, voted_for: null } : null,
      truncate_from: goes_on || last_index === commit_index ? null : commit_index + 1,
      base,
      entries: [],
      commit_index: Math.max(commit_index, base.index),
    },
  ]);
}
