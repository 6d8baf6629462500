import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { User } from '../../../src/agenda/model.ts';
import { searchUsers } from '../../../src/http/users/search-users.ts';
import { limits } from '../../../src/limits.ts';
import { FakeApis } from '../api-fixture.ts';
import { FakeState } from '../fake-replica.ts';

function addPerson(state: FakeState, username: string, display_name = username): void {
  const key = 4096 * (1_000 + state.users.size);
  const user: Partial<User> = {
    key,
    username,
    username_folded: username.toLowerCase(),
    display_name,
    display_name_folded: display_name.toLowerCase(),
    email: `${username}@example.org`,
    email_folded: `${username}@example.org`,
    created_at: 0,
    updated_at: 0,
  };
  state.users.set(key, user as User);
}

describe('GET /api/users/search?query=', () => {
  let apis: FakeApis;
  let token: string;

  beforeEach(async () => {
    apis = await FakeApis.start(1);
    token = await apis.register('ana');
    const people = [['ÁLVARO', 'Álvaro Ruiz'], ['mariana', 'Mari'], ['ben', 'Banana Joe'], ['zoe']];
    for (const [username = '', name] of people) addPerson(apis.state, username, name);
  });
  afterEach(() => apis.stop());

  const search = (query: string) => apis.call('GET', `/api/users/search?${query}`, { token });
  const names = async (query: string): Promise<unknown[]> => {
    const { items } = (await search(`query=${encodeURIComponent(query)}`)).body;
    return (items as { username: string }[]).map((item) => item.username);
  };

  test('by username and name, however it is written', async () => {
    expect(await names('ANA')).toEqual(['ana', 'mariana', 'ben']);
    expect(await names('a\u0301lvaro')).toEqual(['ÁLVARO']);
    expect(await names(' joe ')).toEqual(['ben']);
    expect(await names('nobody at all')).toEqual([]);
    expect(await names('%')).toEqual([]);
    expect(await names('\u{e000}')).toEqual([]);
  });

  test('never shows e-mail, nor is anybody found by it', async () => {
    const reply = await search('query=ana');
    const shown = ['created_at', 'display_name', 'id', 'updated_at', 'username'];
    for (const item of reply.body['items'] as object[]) {
      expect(Object.keys(item).sort()).toEqual(shown);
    }
    expect(reply.text).not.toContain('example.org');
    expect(await names('example.org')).toEqual([]);
  });

  test('lists answer {items, next_cursor?}; limit', async () => {
    expect(Object.keys((await search('query=ana')).body)).toEqual(['items']);
    const found: unknown[] = [];
    let cursor = '';
    for (let page = 0; page < 10; page += 1) {
      const { items, next_cursor } = (await search(`query=ana&limit=1${cursor}`)).body;
      found.push(...(items as { username: string }[]).map((item) => item.username));
      if (typeof next_cursor !== 'string') break;
      cursor = `&cursor=${next_cursor}`;
    }
    expect(found).toEqual(['ana', 'mariana', 'ben']);
  });

  test('limit defaults to 100, at most 1 000', async () => {
    for (let at = 0; at < 1_001; at += 1) addPerson(apis.state, `crowd${at}`);
    for (const [query, length] of [
      ['query=crowd', 100],
      ['query=crowd&limit=1000', 1_000],
    ] as const) {
      const { body } = await search(query);
      expect(body['items']).toHaveLength(length);
      expect(body).toHaveProperty('next_cursor');
    }
    expect((await search('query=crowd&limit=1001')).status).toBe(400);
  });

  test.each([
    '',
    'query=',
    'query=%20',
    `query=${'x'.repeat(101)}`,
    'query=a&limit=0',
    'query=a&limit=1001',
    'query=a&limit=x',
    'query=a&cursor=',
    'query=a&cursor=eA',
    'query=a&other=1',
    'query=a&query=b',
  ])('%j is 400', async (query) => {
    const reply = await search(query);
    expect([reply.status, reply.body['code']]).toEqual([400, 'invalid_request']);
  });

  test('is for who has a token', async () => {
    const reply = await apis.call('GET', '/api/users/search?query=ana');
    expect([reply.status, reply.body['code']]).toEqual([401, 'unauthenticated']);
  });
});

describe('the walk over all users', () => {
  test('goes on in slices, to the end of its bound, and tells where it stands', async () => {
    const state = new FakeState(['agenda-1']);
    for (let at = 0; at < 3; at += 1) addPerson(state, `needle${at}`);
    const view = state.view();
    const looks: number[] = [];
    const walked = {
      usersByNamePrefix: view.usersByNamePrefix.bind(view),
      /** As if there were no end of users, with nobody who is looked for. */
      usersByNamePart: (_: string, slice: { after_key: number; rows: number }) => {
        looks.push(slice.after_key);
        return { users: [], next_after_key: slice.after_key + slice.rows };
      },
    };
    const query = { query: 'Needle', limit: 100 };
    const page = await searchUsers(walked, query);
    expect(page.users).toHaveLength(3);
    expect(looks).toHaveLength(limits.user_search_rows_max / limits.user_search_slice_rows);
    const cursor = page.next_cursor ?? '';
    const next = await searchUsers(walked, { ...query, cursor });
    expect(looks[looks.length / 2]).toBe(limits.user_search_rows_max);
    expect(next.users).toEqual([]);
    expect((await searchUsers(view, query)).next_cursor).toBeNull();
  });

  test('a full page is cut where it is full', async () => {
    const state = new FakeState(['agenda-1']);
    const all: string[] = [];
    for (let at = 0; at < 25; at += 1) {
      addPerson(state, at % 2 === 0 ? `pin${at}` : `a pin ${at}`);
    }
    const view = state.view();
    let cursor: string | null = null;
    do {
      const page = await searchUsers(view, {
        query: 'pin',
        limit: 4,
        ...(cursor === null ? {} : { cursor }),
      });
      expect(page.users.length).toBeLessThanOrEqual(4);
      all.push(...page.users.map((user) => user.username));
      cursor = page.next_cursor;
    } while (cursor !== null);
    expect(all).toHaveLength(25);
    expect(new Set(all).size).toBe(25);
  });
});
