import { existsSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { syncDirectory } from './sync-directory.ts';

/** Where a state waits to be put in place of the one at `agenda_path`. */
export function nextStatePath(agenda_path: string): string {
  return `${agenda_path}.next`;
}

/**
 * Puts the state that waits, if there is one, in place of the one at the path, which nobody has open. That
 * it waits under this name, durably, is the decision: whatever step a crash interrupts is done again at
 * the next start. The old WAL must be gone before the new file has its name, or SQLite would play it into
 * the new one.
 */
export function replaceState(agenda_path: string): boolean {
  const next_path = nextStatePath(agenda_path);
  if (!existsSync(next_path)) return false;
  const directory = dirname(agenda_path);
  for (const suffix of ['-wal', '-shm']) rmSync(agenda_path + suffix, { force: true });
  syncDirectory(directory);
  renameSync(next_path, agenda_path);
  syncDirectory(directory);
  return true;
}
