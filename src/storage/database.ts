import Database from 'better-sqlite3';
import { assert } from '../base/assert.ts';
import { limits } from '../limits.ts';

/**
 * `full`: a commit is on the disk when it returns. `normal`: a power cut may take the last commits, but
 * leaves an older consistent state.
 */
export type Synchronous = 'full' | 'normal';

export interface DatabaseOptions {
  readonly path: string;
  readonly synchronous: Synchronous;
  /** Pages in the WAL after which a commit also checkpoints; 0: never, somebody else does it. */
  readonly wal_autocheckpoint_pages?: number;
}

const AUTOCHECKPOINT_PAGES = 1_000;
const SYNCHRONOUS_VALUE = { full: 2, normal: 1 } as const;

/**
 * Opens a database in WAL mode, creating it when absent. What the durability rests on is set on every
 * open and read back: better-sqlite3 is built with NORMAL as the default of WAL databases, and SQLite
 * ignores a pragma it does not like without an error.
 */
export function openDatabase(options: DatabaseOptions): Database.Database {
  const database = new Database(options.path, { timeout: limits.database_busy_timeout_ms });
  try {
    const wanted: readonly (readonly [pragma: string, value: number | string])[] = [
      ['journal_mode', 'wal'],
      ['synchronous', SYNCHRONOUS_VALUE[options.synchronous]],
      ['wal_autocheckpoint', options.wal_autocheckpoint_pages ?? AUTOCHECKPOINT_PAGES],
      ['foreign_keys', 1],
      ['busy_timeout', limits.database_busy_timeout_ms],
    ];
    for (const [pragma, value] of wanted) {
      database.pragma(`${pragma} = ${value}`);
      const found = database.pragma(pragma, { simple: true });
      assert(found === value, `${options.path}: ${pragma} is ${String(found)}, not ${value}`);
    }
  } catch (error) {
    database.close();
    throw error;
  }
  return database;
}
