import { assert } from '../base/assert.ts';
import type { LogStore } from './ports.ts';
import type { LogIndex } from './raft/entry.ts';

/** Deletes, before the log is in use, what was never committed and never will be. */
export async function truncateStoredLog(
  store: LogStore,
  committed_through: LogIndex,
  from: LogIndex,
): Promise<void> {
  assert(from > committed_through, 'what is committed is never cut');
  await store.write([
    {
      kind: 'persist',
      write_id: 0,
      hard_state: null,
      truncate_from: from,
      base: null,
      entries: [],
      commit_index: 0,
    },
  ]);
}
