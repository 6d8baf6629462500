import { existsSync, readdirSync, renameSync, statSync, utimesSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/**
 * Renames a database with its WAL to the first free name; returns that name. After a crash in between,
 * the same call ends what was begun.
 */
export function setAside(path: string): string {
  let attempt = 1;
  while (existsSync(`${path}.aside-${attempt}`)) attempt += 1;
  const target = `${path}.aside-${attempt}`;
  for (const suffix of ['-wal', '-shm', '']) {
    if (existsSync(path + suffix)) renameSync(path + suffix, target + suffix);
  }
  // When it was set aside, not when it was written last. There may be none: a crash after the renaming.
  const now = new Date();
  if (existsSync(target)) utimesSync(target, now, now);
  return target;
}

export interface FileSetAside {
  /** In the directory of the database. */
  readonly name: string;
  /** When: milliseconds since 1970. */
  readonly at_ms: number;
}

/** What was set aside from `path`. */
export function filesSetAside(path: string): readonly FileSetAside[] {
  const prefix = `${basename(path)}.aside-`;
  return readdirSync(dirname(path))
    .filter((name) => name.startsWith(prefix) && /^\d+$/u.test(name.slice(prefix.length)))
    .sort()
    .map((name) => ({ name, at_ms: statSync(join(dirname(path), name)).mtimeMs }));
}
