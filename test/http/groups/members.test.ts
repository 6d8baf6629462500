import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { limits } from '../../../src/limits.ts';
import { FakeApis } from '../api-fixture.ts';
import { addTo, newGroup, person, refusalOf, registerUnseen } from './people.ts';
import type { Person } from './people.ts';

let apis: FakeApis;
let ana: Person;
let ben: Person;
let carla: Person;
/** Ana's: hierarchical, and without hierarchy. */
let ranked: string;
let equal: string;

beforeEach(async () => {
  apis = await FakeApis.start(1);
  [ana, ben, carla] = [
    await person(apis, 'ana'),
    await person(apis, 'ben'),
    await person(apis, 'carla'),
  ];
  ranked = await newGroup(apis, ana);
  equal = await newGroup(apis, ana, 'non_hierarchical');
});
afterEach(() => apis.stop());

describe('POST /api/groups/{id}/members', () => {
  test('answers 201 with Location, ETag and the Member', async () => {
    const reply = await addTo(apis, ana, ranked, { username: 'ben', rank: 3 });
    expect([reply.status, reply.headers.get('etag')]).toEqual([201, '"1"']);
    expect(reply.headers.get('location')).toBe(`/api/groups/${ranked}/members/${ben.id}`);
    expect(reply.body).toEqual({
      group_id: ranked,
      user_id: ben.id,
      username: 'ben',
      display_name: 'The ben',
      rank: 3,
      added_by: ana.id,
      joined_at: expect.any(String),
      version: 1,
    });
  });

  test('by user_id, and by username however it is written', async () => {
    expect((await addTo(apis, ana, equal, { user_id: ben.id })).body['rank']).toBe(0);
    const shouted = await addTo(apis, ana, equal, { username: 'ＣARLA' });
    expect([shouted.status, shouted.body['user_id']]).toEqual([201, carla.id]);
  });

  test('who is a member is 409 already_member', async () => {
    await addTo(apis, ana, equal, { username: 'ben' });
    expect(refusalOf(await addTo(apis, ana, equal, { username: 'ben' }))).toBe(
      '409 already_member',
    );
  });

  test.each([
    ['a name that nobody has', { username: 'nobody' }],
    ['a name with a character that Unicode 14.0 lacks', { username: 'ben\u{1fae8}' }],
    ['half a character', { username: 'ben\ud800' }],
    ['a name that is longer than names are once it is folded', { username: '\ufdfa'.repeat(60) }],
    ['an id that nobody has', { user_id: 'usr_00zzz' }],
    ['no id', { user_id: 'ben' }],
    ['the id of something else', { user_id: 'grp_001' }],
  ])('%s is 404', async (_, body) => {
    expect(refusalOf(await addTo(apis, ana, equal, body))).toBe('404 not_found');
  });

  test.each([
    ['username', {}],
    ['username', { username: 'ben', user_id: 'usr_001' }],
    ['username', { username: 'x'.repeat(129) }],
    ['username', { username: 7 }],
    ['user_id', { user_id: 'x'.repeat(65) }],
    ['rank', { username: 'ben', rank: 1.5 }],
    ['rank', { username: 'ben', rank: '1' }],
    ['rank', { username: 'ben', rank: -1 }],
    ['rank', { username: 'ben', rank: limits.rank_max + 1 }],
    ['role', { username: 'ben', role: 'boss' }],
  ])('what is wrong is named: %s', async (field, body) => {
    const reply = await addTo(apis, ana, ranked, body);
    expect(refusalOf(reply)).toBe('400 invalid_request');
    expect(reply.body['errors']).toEqual([{ field, detail: expect.any(String) }]);
  });

  test('a rank is required in a hierarchical group and refused elsewhere: 400 naming rank', async () => {
    for (const reply of [
      await addTo(apis, ana, ranked, { username: 'ben' }),
      await addTo(apis, ana, equal, { username: 'ben', rank: 0 }),
    ]) {
      expect(refusalOf(reply)).toBe('400 invalid_request');
      expect(reply.body['errors']).toEqual([{ field: 'rank', detail: expect.any(String) }]);
    }
  });

  test('what one may not do is 403; from outside it is 404', async () => {
    await addTo(apis, ana, ranked, { username: 'ben', rank: 3 });
    await addTo(apis, ana, equal, { username: 'ben' });
    const carla_with = (rank: number) => ({ username: 'carla', rank });
    expect(refusalOf(await addTo(apis, ana, ranked, carla_with(10)))).toBe('403 forbidden');
    expect(refusalOf(await addTo(apis, ben, ranked, carla_with(3)))).toBe('403 forbidden');
    expect(refusalOf(await addTo(apis, ben, equal, { username: 'carla' }))).toBe('403 forbidden');
    expect(refusalOf(await addTo(apis, carla, ranked, carla_with(1)))).toBe('404 not_found');
    expect(refusalOf(await addTo(apis, carla, 'grp_x', carla_with(1)))).toBe('404 not_found');
    expect((await addTo(apis, ben, ranked, carla_with(2))).status).toBe(201);
  });

  test('a full group is 413 too_large', async () => {
    for (let at = 1; at < limits.group_members_max; at += 1) {
      registerUnseen(apis, `member${at}`);
      await addTo(apis, ana, equal, { username: `member${at}` });
    }
    expect(refusalOf(await addTo(apis, ana, equal, { username: 'ben' }))).toBe('413 too_large');
  });
});

describe('PUT …/members/{user_id}', () => {
  const put = (by: Person, group: string, user_id: string, body: object, headers = {}) =>
    apis.call('PUT', `/api/groups/${group}/members/${user_id}`, { token: by.token, body, headers });

  test('answers 200 with the Member and its ETag', async () => {
    const added = await addTo(apis, ana, ranked, { username: 'ben', rank: 3 });
    const reply = await put(ana, ranked, ben.id, { rank: 4 });
    expect([reply.status, reply.headers.get('etag')]).toEqual([200, '"2"']);
    expect(reply.body).toEqual({ ...added.body, rank: 4, version: 2 });
    const again = await put(ana, ranked, ben.id, { rank: 4 });
    expect([again.status, again.body]).toEqual([200, reply.body]);
  });

  test('never to the own rank or above, nor of who is not below', async () => {
    await addTo(apis, ana, ranked, { username: 'ben', rank: 3 });
    await addTo(apis, ana, ranked, { username: 'carla', rank: 3 });
    expect(refusalOf(await put(ana, ranked, ben.id, { rank: 10 }))).toBe('403 forbidden');
    expect(refusalOf(await put(ben, ranked, carla.id, { rank: 1 }))).toBe('403 forbidden');
    expect(refusalOf(await put(ana, ranked, ana.id, { rank: 1 }))).toBe('403 forbidden');
  });

  test('nobody there is 404; no rank, or where there are none, is 400 naming rank', async () => {
    await addTo(apis, ana, ranked, { username: 'ben', rank: 3 });
    await addTo(apis, ana, equal, { username: 'ben' });
    for (const nobody of [carla.id, 'usr_00zzz', 'nobody']) {
      expect(refusalOf(await put(ana, ranked, nobody, { rank: 1 }))).toBe('404 not_found');
    }
    expect(refusalOf(await put(carla, ranked, ben.id, { rank: 1 }))).toBe('404 not_found');
    for (const reply of [
      await put(ana, ranked, ben.id, {}),
      await put(ana, ranked, ben.id, { rank: 1_001 }),
      await put(ana, equal, ben.id, { rank: 0 }),
    ]) {
      expect(reply.body).toMatchObject({ code: 'invalid_request', errors: [{ field: 'rank' }] });
    }
  });

  test('If-Match: another version is 412', async () => {
    await addTo(apis, ana, ranked, { username: 'ben', rank: 3 });
    const stale = await put(ana, ranked, ben.id, { rank: 4 }, { 'if-match': '"2"' });
    expect(refusalOf(stale)).toBe('412 precondition_failed');
    const fitting = await put(ana, ranked, ben.id, { rank: 4 }, { 'if-match': '"1"' });
    expect(fitting.status).toBe(200);
  });
});

describe('DELETE …/members/{user_id}', () => {
  const remove = (by: Person, group: string, user_id: string, headers = {}) =>
    apis.call('DELETE', `/api/groups/${group}/members/${user_id}`, { token: by.token, headers });

  test('answers 204; leaving is deleting oneself', async () => {
    await addTo(apis, ana, ranked, { username: 'ben', rank: 3 });
    await addTo(apis, ana, ranked, { username: 'carla', rank: 3 });
    expect(refusalOf(await remove(ben, ranked, carla.id))).toBe('403 forbidden');
    expect((await remove(ana, ranked, carla.id)).status).toBe(204);
    expect(refusalOf(await remove(ana, ranked, carla.id))).toBe('404 not_found');
    const left = await remove(ben, ranked, ben.id);
    expect([left.status, left.text]).toEqual([204, '']);
    expect(refusalOf(await remove(ben, ranked, ben.id))).toBe('404 not_found');
  });

  test('a creator who leaves hands the group on, or deletes it when alone', async () => {
    await addTo(apis, ana, equal, { username: 'ben' });
    expect((await remove(ana, equal, ana.id)).status).toBe(204);
    const { body } = await apis.call('GET', `/api/groups/${equal}`, { token: ben.token });
    expect(body).toMatchObject({ group: { creator_id: ben.id, creator_username: 'ben' } });
    expect((await remove(ben, equal, ben.id)).status).toBe(204);
    const gone = await apis.call('GET', `/api/groups/${equal}`, { token: ben.token });
    expect(refusalOf(gone)).toBe('404 not_found');
  });

  test('If-Match: another version is 412', async () => {
    await addTo(apis, ana, ranked, { username: 'ben', rank: 3 });
    const stale = await remove(ana, ranked, ben.id, { 'if-match': '"2"' });
    expect(refusalOf(stale)).toBe('412 precondition_failed');
    expect((await remove(ana, ranked, ben.id, { 'if-match': '"1"' })).status).toBe(204);
  });
});
