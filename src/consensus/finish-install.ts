import { assert } from '../base/assert.ts';
import type { LogStore, StateMachine, StoredLog } from './ports.ts';
import { createLog, termAt } from './raft/log.ts';

interface FinishInstallOptions {
  readonly store: LogStore;
  readonly state_machine: StateMachine;
}

/**
 * Where the state was replaced by a snapshot and the log not yet, brings the log along: the state comes
 * first, durably, so a crash between the two leaves a state that stands where the log has no entry, or one
 * of another term. Returns the log as it is then.
 */
export async function finishInstall(
  { store, state_machine }: FinishInstallOptions,
  stored: StoredLog,
): Promise<StoredLog> {
  const { base } = state_machine;
  const { before_first, last_index, commit_index } = stored;
  if (base === null || base.index <= before_first.index) return stored;
  const log = createLog(before_first, stored.term_starts, last_index);
  if (termAt(log, base.index) === base.term) return stored;
  assert(base.index > commit_index, 'the state disagrees with a committed entry');
  await store.write([
    {
      kind: 'persist',
      write_id: 0,
      hard_state: null,
      truncate_from: last_index > commit_index ? commit_index + 1 : null,
      base,
      entries: [],
      commit_index: base.index,
    },
  ]);
  return store.load();
}
