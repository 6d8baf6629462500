import { cutAtBase } from './cut-at-base.ts';
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
  const { before_first, last_index } = stored;
  if (base === null || base.index <= before_first.index) return stored;
  const log = createLog(before_first, stored.term_starts, last_index);
  if (termAt(log, base.index) === base.term) return stored;
  await cutAtBase(store, stored, base, false);
  return store.load();
}
