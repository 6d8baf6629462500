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
  throw invalidField('cursor', 'must be the next_cursor of an answer');
}
