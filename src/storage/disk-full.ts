import { sqliteCode } from './sqlite-code.ts';

/**
 * Whether SQLite found no space for what it was to write: the transaction is rolled back, and the same
 * again will do once there is space. (The second code is the index of the WAL, which grows on its own.)
 */
export function isDiskFull(error: unknown): boolean {
  const code = sqliteCode(error);
  return code === 'SQLITE_FULL' || code === 'SQLITE_IOERR_SHMSIZE';
}
