import Database from 'better-sqlite3';

/**
 * Whether SQLite found no space for what it was to write: the transaction is rolled back, and the same
 * again will do once there is space. (The second code is the index of the WAL, which grows on its own.)
 */
export function isDiskFull(error: unknown): boolean {
  return error instanceof Database.SqliteError && full_codes.includes(error.code);
}

const full_codes: readonly string[] = ['SQLITE_FULL', 'SQLITE_IOERR_SHMSIZE'];
