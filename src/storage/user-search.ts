import type { Database } from 'better-sqlite3';
import { assert } from '../base/assert.ts';
import { table_columns } from '../agenda/change.ts';
import type { Key, User } from '../agenda/model.ts';
import type { UserSlice, UserSliceMatches } from '../agenda/view.ts';
import { userOf } from './agenda-rows.ts';
import type { UserRow } from './agenda-rows.ts';

/** After every character there is, byte by byte; Unicode will never assign it. */
const LAST_CHARACTER = '\u{10FFFF}';

const columns = table_columns.users.map((column) => `"${column}"`).join(', ');

/** Limits as `+ 0`: see `range-queries.ts`. */
export const user_search_queries = {
  /** By the index of usernames. */
  prefix: `SELECT ${columns} FROM users
            WHERE username_folded >= @from AND username_folded < @to
            ORDER BY username_folded LIMIT @limit + 0`,
  /** The key that ends a slice. */
  slice_end: `SELECT max(slice."key") FROM
               (SELECT "key" FROM users WHERE "key" > @after_key ORDER BY "key" LIMIT @rows + 0)
               AS slice`,
  part: `SELECT ${columns} FROM users
          WHERE "key" > @after_key AND "key" <= @end_key
            AND instr(username_folded, @part) <> 1
            AND (instr(username_folded, @part) > 0 OR instr(display_name_folded, @part) > 0)
          ORDER BY "key" LIMIT @limit + 0`,
} as const;

export interface UserSearch {
  byNamePrefix(prefix: string, after: string, limit: number): readonly User[];
  byNamePart(part: string, slice: UserSlice): UserSliceMatches;
}

export function prepareUserSearch(database: Database): UserSearch {
  const by_prefix = database
    .prepare<[{ from: string; to: string; limit: number }], UserRow>(user_search_queries.prefix)
    .raw();
  const slice_end = database
    .prepare<[{ after_key: Key; rows: number }], Key | null>(user_search_queries.slice_end)
    .pluck();
  const by_part = database
    .prepare<[{ after_key: Key; end_key: Key; part: string; limit: number }], UserRow>(
      user_search_queries.part,
    )
    .raw();
  return {
    byNamePrefix(prefix, after, limit) {
      assert(prefix !== '' && limit >= 1, 'a search without a name or a limit');
      // The text with a NUL is the next one after it: nothing lies between.
      const from = after === '' ? prefix : `${after}\0`;
      return by_prefix.all({ from, to: prefix + LAST_CHARACTER, limit }).map(userOf);
    },
    byNamePart(part, { after_key, rows, limit }) {
      assert(part !== '' && rows >= 1 && limit >= 1, 'a search without a name or a limit');
      const end_key = slice_end.get({ after_key, rows }) ?? null;
      if (end_key === null) return { users: [], next_after_key: null };
      const users = by_part.all({ after_key, end_key, part, limit }).map(userOf);
      const is_cut = users.length === limit;
      return { users, next_after_key: is_cut ? (users.at(-1)?.key ?? end_key) : end_key };
    },
  };
}
