import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Key, User } from '../../agenda/model.ts';
import type { AgendaView } from '../../agenda/view.ts';
import { limits } from '../../limits.ts';
import { foldText } from '../fold.ts';
import { invalidField } from '../validate.ts';
import type { UserSearchQuery } from './schema.ts';

export interface UserPage {
  readonly users: readonly User[];
  /** Of the next page; null on the last. */
  readonly next_cursor: string | null;
}

/** Where a page begins: among the usernames with the prefix, after one; or among all users, after a key. */
type Place =
  | { readonly among: 'prefix'; readonly after: string }
  | { readonly among: 'all'; readonly after_key: Key };

/**
 * First who has a username that begins with the text, by username; then who has it elsewhere in the
 * username or in the name, the longest here first. The second part is a walk over all users: in slices, so
 * that it keeps the event loop from nothing, and so many at most in one answer, whose page may then be
 * short and have a next one all the same.
 */
export async function searchUsers(
  view: Pick<AgendaView, 'usersByNamePrefix' | 'usersByNamePart'>,
  query: UserSearchQuery,
): Promise<UserPage> {
  const text = foldText(query.query);
  const { limit } = query;
  const users: User[] = [];
  let place: Place | null =
    query.cursor === undefined ? { among: 'prefix', after: '' } : parseCursor(query.cursor);
  let rows = 0;
  while (place !== null && rows < limits.user_search_rows_max) {
    // One more than wanted tells whether there is a next page.
    const wanted = limit + 1 - users.length;
    if (place.among === 'prefix') {
      users.push(...view.usersByNamePrefix(text, place.after, wanted));
      place = { among: 'all', after_key: 0 };
    } else {
      const slice = { after_key: place.after_key, rows: limits.user_search_slice_rows };
      const found = view.usersByNamePart(text, { ...slice, limit: wanted });
      users.push(...found.users);
      rows += slice.rows;
      place = found.next_after_key === null ? null : { ...place, after_key: found.next_after_key };
    }
    if (users.length > limit) return cut(users, limit, text);
    if (place !== null) await nextTurn();
  }
  return { users, next_cursor: place === null ? null : formatCursor(place) };
}

function cut(found: readonly User[], limit: number, text: string): UserPage {
  const users = found.slice(0, limit);
  const last = users.at(-1);
  if (last === undefined) return { users, next_cursor: null };
  const place: Place = last.username_folded.startsWith(text)
    ? { among: 'prefix', after: last.username_folded }
    : { among: 'all', after_key: last.key };
  return { users, next_cursor: formatCursor(place) };
}

function formatCursor(place: Place): string {
  const text = place.among === 'prefix' ? `p${place.after}` : `a${place.after_key.toString(36)}`;
  return Buffer.from(text).toString('base64url');
}

function parseCursor(cursor: string): Place {
  const text = Buffer.from(cursor, 'base64url').toString('utf8');
  if (/^p./u.test(text)) return { among: 'prefix', after: text.slice(1) };
  const after_key = /^a[0-9a-z]{1,11}$/.test(text) ? Number.parseInt(text.slice(1), 36) : -1;
  if (!Number.isSafeInteger(after_key) || after_key < 0) {
    throw invalidField('cursor', 'must be the next_cursor of an answer');
  }
  return { among: 'all', after_key };
}
