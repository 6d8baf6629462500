import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { limits } from '../../../src/limits.ts';
import { FakeApis } from '../api-fixture.ts';
import type { Reply } from '../api-fixture.ts';
import { addTo, allPages, itemsOf, newGroup, person, refusalOf } from '../groups/people.ts';
import type { Person } from '../groups/people.ts';

let apis: FakeApis;
let ana: Person;
let ben: Person;
let carla: Person;
/** Ana's; Ben is in the first. */
let group: string;
let other: string;

beforeEach(async () => {
  apis = await FakeApis.start(1);
  [ana, ben, carla] = [
    await person(apis, 'ana'),
    await person(apis, 'ben'),
    await person(apis, 'carla'),
  ];
  group = await newGroup(apis, ana, 'non_hierarchical');
  other = await newGroup(apis, ana, 'non_hierarchical');
  await addTo(apis, ana, group, { username: 'ben' });
});
afterEach(() => apis.stop());

function post(by: Person, content: unknown, group_id?: string): Promise<Reply> {
  return apis.call('POST', '/api/posts', { token: by.token, body: { content, group_id } });
}

function read({ token }: Person, query = ''): Promise<Reply> {
  return apis.call('GET', `/api/posts${query}`, { token });
}

async function contents(by: Person, query = ''): Promise<readonly unknown[]> {
  return itemsOf(await read(by, query)).map(({ content }) => content);
}

describe('POST /api/posts', () => {
  test('answers 201 with Location and the Post; group_id only when it has one', async () => {
    const to_all = await post(ben, 'Hello\nall');
    expect([to_all.status, to_all.headers.get('location')]).toEqual([
      201,
      `/api/posts/${String(to_all.body['id'])}`,
    ]);
    expect(to_all.body).toEqual({
      id: expect.stringMatching(/^pst_/),
      author_id: ben.id,
      author_username: 'ben',
      content: 'Hello\nall',
      created_at: expect.any(String),
    });
    expect((await post(ben, 'Hello', group)).body).toMatchObject({ group_id: group });
  });

  test('1 to 5 000 characters, and nothing else', async () => {
    expect((await post(ana, '😀'.repeat(5_000))).status).toBe(201);
    for (const wrong of ['', 'x'.repeat(5_001), 7, undefined, 'a\u0000b', '\ud800']) {
      const reply = await post(ana, wrong);
      expect(refusalOf(reply)).toBe('400 invalid_request');
      expect(reply.body['errors']).toMatchObject([{ field: 'content' }]);
    }
    const body = { content: 'x', title: 'y' };
    const more = await apis.call('POST', '/api/posts', { token: ana.token, body });
    expect(more.body['errors']).toMatchObject([{ field: 'title' }]);
  });

  test('to a group that one is not in, or that is none: 404', async () => {
    for (const id of [other, 'grp_00zzz', 'team']) {
      expect([id, refusalOf(await post(ben, 'Hello', id))]).toEqual([id, '404 not_found']);
    }
  });
});

describe('GET /api/posts', () => {
  beforeEach(async () => {
    await post(ana, 'all 1');
    await post(ana, 'group 1', group);
    await post(ana, 'other 1', other);
    await post(carla, 'all 2');
    await post(ben, 'group 2', group);
  });

  test("to everyone and to one's groups, newest first", async () => {
    expect(await contents(ana)).toEqual(['group 2', 'all 2', 'other 1', 'group 1', 'all 1']);
    expect(await contents(ben)).toEqual(['group 2', 'all 2', 'group 1', 'all 1']);
    expect(await contents(carla)).toEqual(['all 2', 'all 1']);
    expect((await read(carla)).body['next_cursor']).toBeUndefined();
  });

  test('group_id: only those to that group, if one is in it', async () => {
    expect(await contents(ben, `?group_id=${group}`)).toEqual(['group 2', 'group 1']);
    for (const id of [other, 'grp_00zzz', 'team']) {
      expect([id, refusalOf(await read(ben, `?group_id=${id}`))]).toEqual([id, '404 not_found']);
    }
  });

  test.each([1, 2, 3, 5, 7])('in pages of %i nothing is missing or twice', async (limit) => {
    for (let at = 0; at < 20; at += 1) {
      await post(ana, `more ${at}`, [group, other, undefined, other, other][at % 5]);
    }
    const all = await contents(ana);
    expect(all).toHaveLength(25);
    const { items, pages } = await allPages(
      (cursor) => read(ana, `?limit=${limit}${cursor}`),
      // What is said meanwhile is on no later page.
      () => post(ben, 'meanwhile', group),
    );
    expect(pages).toBe(Math.ceil(25 / limit));
    const seen = items.map(({ content }) => content);
    expect(seen).toEqual(all);
  });

  test('a page of long ones is shorter, and nothing of what comes later is read for it', async () => {
    const longest = '😀'.repeat(limits.post_characters_max);
    const on_a_page = Math.floor(limits.page_characters_max / longest.length);
    for (let at = 0; at < on_a_page + 2; at += 1) await post(carla, longest);
    const { posts } = apis.node(0).replica.view;
    const readPost = posts.postByKey.bind(posts);
    let posts_read = 0;
    Object.assign(posts, {
      postByKey(key: number) {
        posts_read += 1;
        return readPost(key);
      },
    });
    const { items, pages } = await allPages((cursor) => read(carla, `?limit=1000${cursor}`));
    expect(pages).toBe(2);
    expect(items.map(({ content }) => content).slice(-2)).toEqual(['all 2', 'all 1']);
    expect(items).toHaveLength(on_a_page + 4);
    expect(posts_read).toBe(items.length + 1);
  });

  test('limit is 100 unless given, 1 000 at most; cursors are those of answers', async () => {
    for (let at = 0; at < 100; at += 1) await post(carla, `more ${at}`);
    expect(await contents(carla)).toHaveLength(100);
    expect(await contents(carla, '?limit=1000')).toHaveLength(102);
    for (const query of ['?limit=1001', '?cursor=x', '?author=a']) {
      expect([query, refusalOf(await read(carla, query))]).toEqual([query, '400 invalid_request']);
    }
    expect(limits.list_items_max).toBe(1_000);
  });
});

describe('GET and DELETE /api/posts/{id}', () => {
  const one = (method: string, by: Person, id: unknown) =>
    apis.call(method, `/api/posts/${String(id)}`, { token: by.token });

  test('is read by whom it is to', async () => {
    const { body } = await post(ana, 'Hello', group);
    const found = await one('GET', ben, body['id']);
    expect([found.status, found.body]).toEqual([200, body]);
    expect(refusalOf(await one('GET', carla, body['id']))).toBe('404 not_found');
    expect((await one('GET', carla, (await post(ana, 'All')).body['id'])).status).toBe(200);
    for (const id of ['pst_00zzz', 'hello', group]) {
      expect(refusalOf(await one('GET', ana, id))).toBe('404 not_found');
    }
  });

  test('is deleted by its author or the creator of the group: 204', async () => {
    const by_ben = (await post(ben, 'Hello', group)).body['id'];
    const by_ana = (await post(ana, 'Hello', group)).body['id'];
    expect(refusalOf(await one('DELETE', ben, by_ana))).toBe('403 forbidden');
    expect(refusalOf(await one('DELETE', carla, by_ben))).toBe('404 not_found');
    const deleted = await one('DELETE', ana, by_ben);
    expect([deleted.status, deleted.text]).toEqual([204, '']);
    expect(refusalOf(await one('DELETE', ana, by_ben))).toBe('404 not_found');
    expect(refusalOf(await one('GET', ben, by_ben))).toBe('404 not_found');
    expect((await one('DELETE', ana, by_ana)).status).toBe(204);
    const to_all = (await post(ben, 'All')).body['id'];
    expect(refusalOf(await one('DELETE', ana, to_all))).toBe('403 forbidden');
    expect(refusalOf(await one('DELETE', ana, 'hello'))).toBe('404 not_found');
  });

  test('who leaves the group sees what was said there no more', async () => {
    const { id } = (await post(ben, 'Hello', group)).body;
    await apis.call('DELETE', `/api/groups/${group}/members/${ben.id}`, { token: ben.token });
    expect(refusalOf(await one('GET', ben, id))).toBe('404 not_found');
    expect(refusalOf(await one('DELETE', ben, id))).toBe('404 not_found');
    expect(await contents(ben)).toEqual([]);
  });

  test('with the group it is gone for everybody', async () => {
    const { id } = (await post(ana, 'Hello', group)).body;
    await apis.call('DELETE', `/api/groups/${group}`, { token: ana.token });
    expect(refusalOf(await one('GET', ana, id))).toBe('404 not_found');
    expect(await contents(ana)).toEqual([]);
    expect(refusalOf(await read(ana, `?group_id=${group}`))).toBe('404 not_found');
  });
});
