import { assert } from '../base/assert.ts';
import { toBase36 } from '../base/base36.ts';
import type { Key } from './model.ts';

/** Keys one log entry may hand out. */
export const KEYS_PER_ENTRY = 4096;

/** What an id names; the prefix makes a pasted id readable and a mistaken one a clear 404. */
export type IdPrefix = 'usr' | 'cal' | 'apt' | 'par' | 'prp' | 'grp' | 'ntf' | 'pst' | 'aud';

/** Raised by restore and recover (so that ids handed out since the backup are never met again). */
const INCARNATION = '0';
/** The Raft group that made it. */
const GROUP = '0';

/** The key of the `counter`-th thing made by the entry at `index`. */
export function keyAt(index: number, counter: number): Key {
  assert(Number.isSafeInteger(index) && index >= 1, `log index out of range: ${index}`);
  assert(counter >= 0 && counter < KEYS_PER_ENTRY, `key counter out of range: ${counter}`);
  const key = index * KEYS_PER_ENTRY + counter;
  assert(Number.isSafeInteger(key), 'key out of range');
  return key;
}

/** The log entry that handed a key out. */
export function indexOfKey(key: Key): number {
  return Math.floor(key / KEYS_PER_ENTRY);
}

/**
 * The key of the owner's participation: it follows from the appointment, so it is derived and not stored.
 * No participant that is stored has it.
 */
export function ownerPartKey(appointment_key: Key): Key {
  return appointment_key + 1;
}

/** The opaque text outside clients see. */
export function formatId(prefix: IdPrefix, key: Key): string {
  assert(Number.isSafeInteger(key) && key > 0, `not a key: ${key}`);
  return `${prefix}_${INCARNATION}${GROUP}${toBase36(key)}`;
}

/** The key behind an id, or null when it is none of that kind: nothing can have that id. */
export function parseId(prefix: IdPrefix, id: string): Key | null {
  const start = `${prefix}_${INCARNATION}${GROUP}`;
  if (!id.startsWith(start) || id.length > start.length + 11) return null;
  const digits = id.slice(start.length);
  if (!/^[1-9a-z][0-9a-z]*$/.test(digits)) return null;
  const key = Number.parseInt(digits, 36);
  return Number.isSafeInteger(key) ? key : null;
}
