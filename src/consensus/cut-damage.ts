import { assert } from '../base/assert.ts';
import type { LogStore, StoredLog } from './ports.ts';
import type { LogIndex } from './raft/entry.ts';
import type { LogBase } from './raft/log-base.ts';

/**
 * Damaged entries that the state stands for need not be had again: the log is cut where the state stands,
 * as compaction would cut it. `base` is where it stands after any power cut; what it holds was committed.
 * Returns the last entry that was cut; null: the first damaged one is not in the state, so nothing was.
 */
export async function cutDamage(
  store: LogStore,
  stored: StoredLog,
  base: LogBase | null,
): Promise<LogIndex | null> {
  const [first_damaged] = stored.damaged;
  assert(first_damaged !== undefined, 'nothing is damaged');
  if (base === null || base.index < first_damaged || base.index > stored.last_index) return null;
  await store.write([
    {
      kind: 'persist',
      write_id: 0,
      hard_state: null,
      truncate_from: null,
      base,
      entries: [],
      commit_index: Math.max(stored.commit_index, base.index),
    },
  ]);
  return base.index;
}
