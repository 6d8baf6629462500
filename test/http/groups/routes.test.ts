import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { limits } from '../../../src/limits.ts';
import { FakeApis } from '../api-fixture.ts';
import { addTo, allPages, itemsOf, newGroup, person, refusalOf } from './people.ts';
import type { Person } from './people.ts';

let apis: FakeApis;
let ana: Person;
let ben: Person;
let carla: Person;

beforeEach(async () => {
  apis = await FakeApis.start(1);
  [ana, ben, carla] = [
    await person(apis, 'ana'),
    await person(apis, 'ben'),
    await person(apis, 'carla'),
  ];
});
afterEach(() => apis.stop());

const some_time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/);

describe('POST /api/groups', () => {
  test.each([
    ['hierarchical', 10],
    ['non_hierarchical', 0],
  ] as const)(
    'creates a %s group: 201 with Location, ETag and the Group',
    async (group_type, my_rank) => {
      const body = { name: 'Team', description: 'Two\nlines', group_type };
      const reply = await apis.call('POST', '/api/groups', { token: ana.token, body });
      expect([reply.status, reply.headers.get('etag')]).toEqual([201, '"1"']);
      expect(reply.headers.get('location')).toBe(`/api/groups/${String(reply.body['id'])}`);
      expect(reply.body).toEqual({
        id: expect.stringMatching(/^grp_/),
        ...body,
        creator_id: ana.id,
        creator_username: 'ana',
        my_rank,
        version: 1,
        created_at: some_time,
        updated_at: some_time,
      });
    },
  );

  test('description may be left out; the rest is required, and nothing else is taken', async () => {
    const post = (body: object) => apis.call('POST', '/api/groups', { token: ana.token, body });
    const given = { name: 'Team', group_type: 'hierarchical' };
    expect((await post(given)).body['description']).toBe('');
    for (const [field, body] of [
      ['name', { group_type: 'hierarchical' }],
      ['name', { ...given, name: '' }],
      ['name', { ...given, name: 'x'.repeat(limits.group_name_characters_max + 1) }],
      ['name', { ...given, name: 'two\nlines' }],
      ['description', { ...given, description: 'x'.repeat(2_001) }],
      ['group_type', { name: 'Team' }],
      ['group_type', { ...given, group_type: 'flat' }],
      ['members', { ...given, members: [] }],
    ] as const) {
      const reply = await post(body);
      expect([refusalOf(reply), reply.body['errors']]).toMatchObject([
        '400 invalid_request',
        [{ field }],
      ]);
    }
  });

  test('more groups than a person can be in that they created: 413 too_large', async () => {
    for (let at = 0; at < limits.created_memberships_max; at += 1) await newGroup(apis, ana);
    const body = { name: 'Team', group_type: 'hierarchical' };
    const reply = await apis.call('POST', '/api/groups', { token: ana.token, body });
    expect(refusalOf(reply)).toBe('413 too_large');
  });
});

describe('GET /api/groups/{id}', () => {
  test('answers {group, members}, as each member sees it', async () => {
    const id = await newGroup(apis, ana);
    await addTo(apis, ana, id, { username: 'ben', rank: 3 });
    const seen_by = (token: string) => apis.call('GET', `/api/groups/${id}`, { token });
    const [by_ana, by_ben] = [await seen_by(ana.token), await seen_by(ben.token)];
    expect([by_ana.status, by_ana.headers.get('etag')]).toEqual([200, '"1"']);
    expect(by_ana.body).toMatchObject({ group: { id, my_rank: 10, creator_id: ana.id } });
    expect(by_ben.body).toMatchObject({ group: { id, my_rank: 3, creator_id: ana.id } });
    const member = { group_id: id, added_by: ana.id, joined_at: some_time, version: 1 };
    expect(by_ben.body['members']).toEqual([
      { ...member, user_id: ana.id, username: 'ana', display_name: 'The ana', rank: 10 },
      { ...member, user_id: ben.id, username: 'ben', display_name: 'The ben', rank: 3 },
    ]);
    expect(by_ana.body['members']).toEqual(by_ben.body['members']);
  });

  test('of a group that one is not in, or that is no group, is 404', async () => {
    const id = await newGroup(apis, ana);
    for (const path of [id, 'grp_00zzz', 'apt_001', id.replace('grp', 'usr')]) {
      const reply = await apis.call('GET', `/api/groups/${path}`, { token: ben.token });
      expect([path, refusalOf(reply)]).toEqual([path, '404 not_found']);
    }
  });
});

describe('GET /api/groups', () => {
  test("one's groups and no others, in pages", async () => {
    const mine: string[] = [];
    for (let at = 0; at < 5; at += 1) {
      mine.push(await newGroup(apis, ana, 'non_hierarchical', `Number ${at}`));
      await newGroup(apis, ben);
    }
    const { items, pages } = await allPages((cursor) =>
      apis.call('GET', `/api/groups?limit=2${cursor}`, { token: ana.token }),
    );
    const seen = items.map(({ id }) => id);
    expect([seen, pages]).toEqual([mine, 3]);
    const all = await apis.call('GET', '/api/groups', { token: ana.token });
    expect(all.body).toEqual({ items: expect.any(Array) });
    expect(itemsOf(all)).toHaveLength(5);
    expect(itemsOf(all)[0]).toMatchObject({ name: 'Number 0', my_rank: 0 });
    const none = await apis.call('GET', '/api/groups', { token: carla.token });
    expect(none.body).toEqual({ items: [] });
  });

  test('limit is 100 unless given, 1 000 at most; cursors are those of answers', async () => {
    for (let at = 0; at < 101; at += 1) await newGroup(apis, ana);
    const get = (query: string) => apis.call('GET', `/api/groups${query}`, { token: ana.token });
    expect(itemsOf(await get(''))).toHaveLength(100);
    expect(itemsOf(await get('?limit=1000'))).toHaveLength(101);
    for (const query of ['?limit=1001', '?limit=0', '?cursor=%21', '?cursor=MDE', '?query=a']) {
      expect([query, refusalOf(await get(query))]).toEqual([query, '400 invalid_request']);
    }
  });
});

describe('PUT /api/groups/{id}', () => {
  test('answers 200 with the Group; what is left out takes its default', async () => {
    const id = await newGroup(apis, ana);
    const put = (body: object, headers = {}) =>
      apis.call('PUT', `/api/groups/${id}`, { token: ana.token, body, headers });
    const described = await put({ name: 'Other', description: 'Text' });
    expect([described.status, described.headers.get('etag')]).toEqual([200, '"2"']);
    expect(described.body).toMatchObject({ id, name: 'Other', description: 'Text', version: 2 });
    const plain = await put({ name: 'Other', group_type: 'hierarchical' });
    expect(plain.body).toMatchObject({ description: '', version: 3, my_rank: 10 });
    const again = await put({ name: 'Other' });
    expect([again.status, again.body]).toEqual([200, plain.body]);
  });

  test('its type never changes: 400 naming group_type', async () => {
    const id = await newGroup(apis, ana);
    const body = { name: 'Team', group_type: 'non_hierarchical' };
    const reply = await apis.call('PUT', `/api/groups/${id}`, { token: ana.token, body });
    expect(refusalOf(reply)).toBe('400 invalid_request');
    expect(reply.body['errors']).toMatchObject([{ field: 'group_type' }]);
  });
});

describe('only the creator renames, deletes and hands over', () => {
  test('a member is 403, who is outside 404', async () => {
    const id = await newGroup(apis, ana);
    await addTo(apis, ana, id, { username: 'ben', rank: 9 });
    for (const [method, path, body] of [
      ['PUT', '', { name: 'Other' }],
      ['PUT', '/creator', { user_id: ben.id }],
      ['DELETE', '', undefined],
    ] as const) {
      const by = (token: string) => apis.call(method, `/api/groups/${id}${path}`, { token, body });
      expect([path, refusalOf(await by(ben.token))]).toEqual([path, '403 forbidden']);
      expect([path, refusalOf(await by(carla.token))]).toEqual([path, '404 not_found']);
    }
  });

  test('handing over: 200 with the Group and its new creator', async () => {
    const id = await newGroup(apis, ana);
    const put = (user_id: unknown) =>
      apis.call('PUT', `/api/groups/${id}/creator`, { token: ana.token, body: { user_id } });
    for (const nobody of [ben.id, 'usr_00zzz', 'nobody']) {
      expect([nobody, refusalOf(await put(nobody))]).toEqual([nobody, '404 not_found']);
    }
    await addTo(apis, ana, id, { username: 'ben', rank: 1 });
    const reply = await put(ben.id);
    expect([reply.status, reply.headers.get('etag')]).toEqual([200, '"2"']);
    expect(reply.body).toMatchObject({ creator_id: ben.id, creator_username: 'ben', my_rank: 10 });
    expect(refusalOf(await put(ana.id))).toBe('403 forbidden');
  });

  test('deleting: 204, and it is 404 for everybody from then on', async () => {
    const id = await newGroup(apis, ana);
    await addTo(apis, ana, id, { username: 'ben', rank: 1 });
    const reply = await apis.call('DELETE', `/api/groups/${id}`, { token: ana.token });
    expect([reply.status, reply.text]).toEqual([204, '']);
    for (const { token } of [ana, ben]) {
      expect(refusalOf(await apis.call('GET', `/api/groups/${id}`, { token }))).toBe(
        '404 not_found',
      );
      expect((await apis.call('GET', '/api/groups', { token })).body).toEqual({ items: [] });
    }
    const again = await apis.call('DELETE', `/api/groups/${id}`, { token: ana.token });
    expect(refusalOf(again)).toBe('404 not_found');
  });
});

test('If-Match: another version is 412 and changes nothing', async () => {
  const id = await newGroup(apis, ana);
  await addTo(apis, ana, id, { username: 'ben', rank: 1 });
  for (const [method, path, body] of [
    ['PUT', '', { name: 'Other' }],
    ['PUT', '/creator', { user_id: ben.id }],
    ['DELETE', '', undefined],
  ] as const) {
    const send = (tag: string) =>
      apis.call(method, `/api/groups/${id}${path}`, {
        token: ana.token,
        body,
        headers: { 'if-match': tag },
      });
    const line = `${method} ${path}`;
    expect([line, refusalOf(await send('"7"'))]).toEqual([line, '412 precondition_failed']);
    expect([line, refusalOf(await send('W/"1"'))]).toEqual([line, '400 invalid_request']);
  }
  const { body } = await apis.call('GET', `/api/groups/${id}`, { token: ana.token });
  expect(body).toMatchObject({ group: { name: 'Team', creator_id: ana.id, version: 1 } });
  const headers = { 'if-match': '"1"' };
  const deleted = await apis.call('DELETE', `/api/groups/${id}`, { token: ana.token, headers });
  expect(deleted.status).toBe(204);
});
