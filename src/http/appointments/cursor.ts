import type { Key } from '../../agenda/model.ts';
import type { AgendaPlace } from '../../agenda/view.ts';
import { invalidField } from '../validate.ts';

/** A place in an agenda as an opaque text. */
export function formatCursor({ start, key }: AgendaPlace): string {
  return Buffer.from(`${start.toString(36)}.${key.toString(36)}`).toString('base64url');
}

/** Null for no cursor. Throws `invalid_request` when it is none of ours. */
export function parseCursor(cursor: string | undefined): AgendaPlace | null {
  if (cursor === undefined) return null;
  const text = Buffer.from(cursor, 'base64url').toString('latin1');
  const parts = /^(-?[0-9a-z]{1,10})\.([0-9a-z]{1,11})$/.exec(text);
  const place = {
    start: Number.parseInt(parts?.[1] ?? '', 36),
    key: Number.parseInt(parts?.[2] ?? '', 36),
  };
  if (Number.isSafeInteger(place.start) && Number.isSafeInteger(place.key)) return place;
  throw notACursor();
}

/** A page of what is in the order of its keys, and where the next one begins; null on the last. */
export interface KeyPage<Row> {
  readonly rows: readonly Row[];
  readonly next_cursor: string | null;
}

/** Throws `invalid_request` when the cursor is none of ours. */
export function pageByKey<Row extends { readonly key: Key }>(
  all: readonly Row[],
  { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
): KeyPage<Row> {
  const after_key = cursor === undefined ? 0 : parseKeyCursor(cursor);
  const rest = all.filter(({ key }) => key > after_key);
  const rows = rest.slice(0, limit);
  const last = rows.at(-1);
  const is_last = rest.length <= limit || last === undefined;
  return { rows, next_cursor: is_last ? null : formatKeyCursor(last.key) };
}

function formatKeyCursor(key: Key): string {
  return Buffer.from(key.toString(36)).toString('base64url');
}

function parseKeyCursor(cursor: string): Key {
  const text = Buffer.from(cursor, 'base64url').toString('latin1');
  const key = /^[0-9a-z]{1,11}$/.test(text) ? Number.parseInt(text, 36) : Number.NaN;
  if (Number.isSafeInteger(key)) return key;
  throw notACursor();
}

function notACursor(): Error {
  return invalidField('cursor', 'must be the next_cursor of an answer');
}
