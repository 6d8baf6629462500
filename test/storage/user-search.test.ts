import { afterAll, describe, expect, test } from '@jest/globals';
import Database from 'better-sqlite3';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { User } from '../../src/agenda/model.ts';
import { openAgendaStore } from '../../src/storage/agenda-store.ts';
import type { SqliteAgendaStore } from '../../src/storage/agenda-store.ts';
import { user_search_queries } from '../../src/storage/user-search.ts';
import { STORAGE_ID } from '../support/agenda-fixture.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const directory = temporaryDirectory('user-search');
afterAll(directory.remove);

function opened<T>(use: (store: SqliteAgendaStore, path: string) => T): T {
  const path = join(mkdtempSync(join(directory.path, 'store-')), 'agenda.db');
  const { store } = openAgendaStore({ path, storage_id: STORAGE_ID });
  try {
    return use(store, path);
  } finally {
    store.close();
  }
}

function person(key: number, username: string, display_name: string): User {
  return {
    key,
    username,
    username_folded: username.toLowerCase(),
    email: `${username}@example.org`,
    email_folded: `${username.toLowerCase()}@example.org`,
    display_name,
    display_name_folded: display_name.toLowerCase(),
    password_hash: 'hash',
    token_version: 1,
    token_version_index: 1,
    time_zone: 'UTC',
    locale: 'en',
    share_busy: true,
    version: 1,
    origin_node: 'agenda-1',
    created_at: 1,
    updated_at: 1,
  };
}

const people = [
  person(10, 'zoe', 'Zoë Banana'),
  person(20, 'anabel', 'Anabel'),
  person(30, 'Ana', 'Ana Pérez'),
  person(40, 'joana', 'Joana'),
  person(50, 'ben', '100%_sure'),
  person(60, 'ana😀', 'Smile'),
];

function withPeople<T>(use: (store: SqliteAgendaStore, path: string) => T): T {
  return opened((store, path) => {
    store.transaction(() =>
      store.write(people.map((row) => ({ op: 'insert', table: 'users', row }) as const)),
    );
    return use(store, path);
  });
}

const keysOf = (users: readonly User[]): number[] => users.map((user) => user.key);

describe('by the beginning of the username', () => {
  test('in its order, whole rows, a page at a time', () => {
    withPeople(({ view }) => {
      expect(view.usersByNamePrefix('ana', '', 10)).toEqual([people[2], people[1], people[5]]);
      expect(keysOf(view.usersByNamePrefix('ana', '', 1))).toEqual([30]);
      expect(keysOf(view.usersByNamePrefix('ana', 'ana', 10))).toEqual([20, 60]);
      expect(keysOf(view.usersByNamePrefix('ana', 'anabel', 10))).toEqual([60]);
      expect(keysOf(view.usersByNamePrefix('anabel2', '', 10))).toEqual([]);
      expect(keysOf(view.usersByNamePrefix('%', '', 10))).toEqual([]);
    });
  });
});

describe('by a part of the names', () => {
  const slice = { after_key: 0, rows: 100, limit: 10 };

  test('who has it in the username or the name, not who begins with it', () => {
    withPeople(({ view }) => {
      const part = (text: string): number[] => keysOf(view.usersByNamePart(text, slice).users);
      expect(part('ana')).toEqual([10, 40]);
      expect(part('pérez')).toEqual([30]);
      expect(part('smile')).toEqual([60]);
      expect(part('%')).toEqual([50]);
      expect(part('_')).toEqual([50]);
      expect(part('example.org')).toEqual([]);
    });
  });

  test('so many users are looked at, and where to go on is told', () => {
    withPeople(({ view }) => {
      const first = view.usersByNamePart('oana', { ...slice, rows: 2 });
      expect([first.users, first.next_after_key]).toEqual([[], 20]);
      const second = view.usersByNamePart('oana', { ...slice, rows: 2, after_key: 20 });
      expect([keysOf(second.users), second.next_after_key]).toEqual([[40], 40]);
      const cut = view.usersByNamePart('ana', { ...slice, limit: 1 });
      expect([keysOf(cut.users), cut.next_after_key]).toEqual([[10], 10]);
      const last = view.usersByNamePart('ana', { ...slice, after_key: 60 });
      expect(last).toEqual({ users: [], next_after_key: null });
    });
  });
});

describe('plans', () => {
  function planOf(sql: string, parameters: object): string[] {
    return opened((_, path) => {
      const database = new Database(path, { readonly: true });
      const plan = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(parameters);
      database.close();
      return (plan as { detail: string }[]).map((row) => row.detail);
    });
  }

  test('the prefix is found by the index of usernames, in its order', () => {
    const plan = planOf(user_search_queries.prefix, { from: 'a', to: 'b', limit: 3 });
    expect(plan).toEqual([
      expect.stringMatching(
        /^SEARCH users USING INDEX sqlite_autoindex_users_\d \(username_folded>\? AND username_folded<\?\)$/,
      ),
    ]);
  });

  test('a slice is a stretch of keys', () => {
    const part = { after_key: 1, end_key: 2, part: 'a', limit: 3 };
    expect(planOf(user_search_queries.part, part)).toEqual([
      'SEARCH users USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)',
    ]);
    const plan = planOf(user_search_queries.slice_end, { after_key: 1, rows: 2 });
    expect(plan).toContain('SEARCH users USING INTEGER PRIMARY KEY (rowid>?)');
    expect(plan.some((detail) => detail.includes('TEMP B-TREE'))).toBe(false);
  });

  test('no plan is made anew for the value of a limit', () => {
    for (const sql of Object.values(user_search_queries)) {
      expect(sql).not.toMatch(/LIMIT @\w+(?! \+ 0)\b(?! \+ 0)/);
    }
  });
});
