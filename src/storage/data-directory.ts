import { mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import Database from 'better-sqlite3';
import { err, ok } from '../base/result.ts';
import type { Result } from '../base/result.ts';
import { syncDirectory } from './sync-directory.ts';

/** A data directory held by this process alone. */
export interface DataDirectory {
  readonly path: string;
  readonly raft_path: string;
  readonly agenda_path: string;
  readonly node_path: string;
  /** Of files that come and go. */
  readonly snapshots_path: string;
  /** Lets another process have it; everything in it must be closed by then. */
  release(): void;
}

/** `in_use`: another process holds it. `unusable`: it cannot be made or written. */
export interface DataDirectoryRefusal {
  readonly kind: 'in_use' | 'unusable';
  readonly message: string;
}

/** Makes the directory when absent, for its owner only, and holds it until released. */
export function openDataDirectory(data_dir: string): Result<DataDirectory, DataDirectoryRefusal> {
  const path = resolve(data_dir);
  try {
    makeDurably(path);
    const lock = takeLock(join(path, 'lock.db'));
    return ok({
      path,
      raft_path: join(path, 'raft.db'),
      agenda_path: join(path, 'agenda.db'),
      node_path: join(path, 'node.db'),
      snapshots_path: join(path, 'snapshots'),
      release: () => void lock.close(),
    });
  } catch (error) {
    if (isBusy(error)) {
      return err({ kind: 'in_use', message: `${path} is in use by another process` });
    }
    const reason = error instanceof Error ? error.message : String(error);
    return err({ kind: 'unusable', message: `${path} cannot be used: ${reason}` });
  }
}

/**
 * An exclusive transaction that never ends. SQLite's lock is a POSIX lock: it goes with the process,
 * also after SIGKILL, and leaves no stale file to judge.
 */
function takeLock(lock_path: string): Database.Database {
  const lock = new Database(lock_path, { timeout: 0 });
  try {
    lock.pragma('locking_mode = EXCLUSIVE');
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    throw error;
  }
  return lock;
}

function isBusy(error: unknown): boolean {
  if (typeof error !== 'object' || error === null || !('code' in error)) return false;
  return typeof error.code === 'string' && error.code.startsWith('SQLITE_BUSY');
}

/** With the names of all new directories on the disk: a file's fsync does not cover them. */
function makeDurably(path: string): void {
  const first_made = mkdirSync(path, { recursive: true, mode: 0o700 });
  if (first_made === undefined) return;
  for (let made = path; made.length >= first_made.length; made = dirname(made)) {
    syncDirectory(dirname(made));
  }
}
