import type { Key } from '../agenda/model.ts';
import { formatKeyCursor } from './key-cursor.ts';

/** A page of a list as it is answered. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next_cursor?: string;
}

/**
 * The first `limit` of what was found: one more than that tells that there is a next page. `keyOf`: by
 * what the list is ordered.
 */
export function pageOf<Row, Item>(
  found: readonly Row[],
  limit: number,
  keyOf: (row: Row) => Key,
  present: (row: Row) => Item,
): Page<Item> {
  const rows = found.slice(0, limit);
  const last = rows.at(-1);
  const items = rows.map(present);
  if (last === undefined || found.length <= limit) return { items };
  return { items, next_cursor: formatKeyCursor(keyOf(last)) };
}
