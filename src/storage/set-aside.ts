import { existsSync, readdirSync, renameSync } from 'node:fs';
import { basename, dirname } from 'node:path';

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
  return target;
}

/** Names of the files that were set aside from `path`, in its directory. */
export function filesSetAside(path: string): readonly string[] {
  const prefix = `${basename(path)}.aside-`;
  return readdirSync(dirname(path))
    .filter((name) => name.startsWith(prefix) && /^\d+$/u.test(name.slice(prefix.length)))
    .sort();
}
