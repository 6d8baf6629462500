import { assert } from '../../base/assert.ts';
import { openCursor, sealCursor } from '../sealed-cursor.ts';
import type { MergedPlace } from './merge-agendas.ts';

/** A place among several agendas as a text that says nothing of what is there: see `sealed-cursor.ts`. */
export function sealPlace(secret: Uint8Array, of: string, place: MergedPlace): string {
  return sealCursor(secret, of, [place.start, place.key, place.agenda_key]);
}

/** Null for no cursor. Throws `invalid_request` when it is none of this list. */
export function openPlace(
  secret: Uint8Array,
  of: string,
  cursor: string | undefined,
): MergedPlace | null {
  if (cursor === undefined) return null;
  const [start, key, agenda_key, ...rest] = openCursor(secret, of, cursor);
  assert(start !== undefined && key !== undefined, 'half a place');
  assert(agenda_key !== undefined && rest.length === 0, 'a place of another kind');
  return { start, key, agenda_key };
}
