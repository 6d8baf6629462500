import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { sqliteCode } from './sqlite-code.ts';

/** Whether SQLite found that a file is not, or no longer, a database that it can read. */
export function isDatabaseDamaged(error: unknown): boolean {
  const code = sqliteCode(error);
  if (code !== null) return damage_codes.some((damage) => code.startsWith(damage));
  return error instanceof Error && error.cause !== undefined && isDatabaseDamaged(error.cause);
}

const damage_codes = ['SQLITE_CORRUPT', 'SQLITE_NOTADB'] as const;

/** Leaves a note beside a database that was found damaged while in use. */
export function noteDamage(path: string): void {
  writeFileSync(notePath(path), 'This database was found damaged; the next start sets it aside.\n');
}

export function hasDamageNote(path: string): boolean {
  return existsSync(notePath(path));
}

export function removeDamageNote(path: string): void {
  rmSync(notePath(path), { force: true });
}

function notePath(path: string): string {
  return `${path}.damaged`;
}
