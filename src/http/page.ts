import type { Key } from '../agenda/model.ts';
import { limits } from '../limits.ts';
import { formatKeyCursor } from './key-cursor.ts';

/** A page of a list as it is answered. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next_cursor?: string;
}

interface PageOptions<Row, Item> {
  readonly limit: number;
  /** By what the list is ordered. */
  readonly keyOf: (row: Row) => Key;
  readonly present: (row: Row) => Item;
  /** Of its long texts; without it, items are short. */
  readonly charactersOf?: (item: Item) => number;
}

/**
 * The first `limit` of what was found, or fewer when they are long: a page is made in one turn of the event
 * loop. One more than is on it tells that there is a next page.
 */
export function pageOf<Row, Item>(
  found: Iterable<Row>,
  { limit, keyOf, present, charactersOf }: PageOptions<Row, Item>,
): Page<Item> {
  const items: Item[] = [];
  let characters = 0;
  let last: Row | null = null;
  for (const row of found) {
    if (last !== null && items.length === limit) return { items, next_cursor: cursorAt(last) };
    const item = present(row);
    characters += charactersOf?.(item) ?? 0;
    const is_full = characters > limits.page_characters_max;
    if (last !== null && is_full) return { items, next_cursor: cursorAt(last) };
    items.push(item);
    last = row;
  }
  return { items };

  function cursorAt(row: Row): string {
    return formatKeyCursor(keyOf(row));
  }
}
