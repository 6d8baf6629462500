/**
 * SQLite's code of an error, such as `SQLITE_FULL`; null: it is none of SQLite's. Not by its class: the
 * native module has one for the process, whoever loads the package how often.
 */
export function sqliteCode(error: unknown): string | null {
  if (typeof error !== 'object' || error === null || !('code' in error)) return null;
  const { code } = error;
  return typeof code === 'string' && code.startsWith('SQLITE_') ? code : null;
}
