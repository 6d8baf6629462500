import type { Key } from '../agenda/model.ts';
import { invalidField } from './validate.ts';

/** The last item of a page as an opaque text: the next page begins after it. */
export function formatKeyCursor(key: Key): string {
  return Buffer.from(key.toString(36)).toString('base64url');
}

/** `first` without a cursor. Throws `invalid_request` when it is none of ours. */
export function parseKeyCursor(cursor: string | undefined, first: Key): Key {
  if (cursor === undefined) return first;
  const digits = Buffer.from(cursor, 'base64url').toString('latin1');
  const key = /^[1-9a-z][0-9a-z]{0,10}$/.test(digits) ? Number.parseInt(digits, 36) : -1;
  if (Number.isSafeInteger(key) && key > 0 && formatKeyCursor(key) === cursor) return key;
  throw invalidField('cursor', 'must be the next_cursor of an answer');
}
