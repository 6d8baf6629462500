import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { FakeApis } from '../api-fixture.ts';
import type { Reply } from '../api-fixture.ts';
import { person, refusalOf, toldTo } from './people.ts';
import type { Person } from './people.ts';

/** Node 0 leads; node 1 follows, and forwards. */
let apis: FakeApis;
let ana: Person;
let ben: Person;

beforeEach(async () => {
  apis = await FakeApis.start(2, { leader_routing: 'forward' });
  [ana, ben] = [await person(apis, 'ana'), await person(apis, 'ben')];
});
afterEach(() => apis.stop());

const FOLLOWER = 1;

async function send(by: Person, method: string, path: string, body?: unknown): Promise<Reply> {
  const before = apis.forwarded.length;
  const reply = await apis.call(method, path, { at: FOLLOWER, token: by.token, body });
  expect(apis.forwarded).toHaveLength(before + 1);
  expect(reply.headers.get('agenda-served-by')).toBe('agenda-1');
  return reply;
}

test('every write of groups, posts and notifications goes through a follower', async () => {
  const made = await send(ana, 'POST', '/api/groups', { name: 'Team', group_type: 'hierarchical' });
  expect([made.status, made.body['my_rank']]).toEqual([201, 10]);
  const path = `/api/groups/${String(made.body['id'])}`;
  expect((await send(ana, 'PUT', path, { name: 'Other' })).body['name']).toBe('Other');
  const by_name = { username: 'BEN', rank: 3 };
  expect((await send(ana, 'POST', `${path}/members`, by_name)).body['user_id']).toBe(ben.id);
  const member = `${path}/members/${ben.id}`;
  expect((await send(ana, 'PUT', member, { rank: 4 })).body['rank']).toBe(4);
  const post = { content: 'Hello', group_id: made.body['id'] };
  const said = await send(ana, 'POST', '/api/posts', post);
  expect([said.status, said.body]).toMatchObject([201, post]);
  const [told] = await toldTo(apis, ben);
  const read = await send(ben, 'POST', `/api/notifications/${told?.id ?? ''}/read`);
  expect([read.status, read.body]).toEqual([200, { ...told, read_at: expect.any(String) }]);
  const all = await send(ben, 'POST', '/api/notifications/read-all');
  expect([all.status, all.body]).toEqual([200, { read_count: 2 }]);
  expect((await send(ana, 'DELETE', `/api/posts/${String(said.body['id'])}`)).status).toBe(204);
  const handed = await send(ana, 'PUT', `${path}/creator`, { user_id: ben.id });
  expect([handed.status, handed.body['creator_id']]).toEqual([200, ben.id]);
  expect((await send(ana, 'DELETE', `${path}/members/${ana.id}`)).status).toBe(204);
  expect((await send(ben, 'DELETE', path)).status).toBe(204);
});

test('the refusals of the leader are the answers, with the fields they name', async () => {
  const made = await send(ana, 'POST', '/api/groups', { name: 'Team', group_type: 'hierarchical' });
  const path = `/api/groups/${String(made.body['id'])}`;
  const without = await send(ana, 'POST', `${path}/members`, { username: 'ben' });
  expect(without.body).toMatchObject({ code: 'invalid_request', errors: [{ field: 'rank' }] });
  const body = { username: 'ben', rank: 10 };
  expect(refusalOf(await send(ana, 'POST', `${path}/members`, body))).toBe('403 forbidden');
  expect(refusalOf(await send(ben, 'DELETE', path))).toBe('404 not_found');
  const self = { username: 'ana', rank: 1 };
  expect(refusalOf(await send(ana, 'POST', `${path}/members`, self))).toBe('409 already_member');
});

test('the same key gives the same answer through every replica', async () => {
  const body = { name: 'Team', group_type: 'hierarchical' };
  const headers = { 'idempotency-key': 'k' };
  const post = (at: number): Promise<Reply> =>
    apis.call('POST', '/api/groups', { at, token: ana.token, body, headers });
  const first = await post(FOLLOWER);
  const again = await post(0);
  expect([again.status, again.body]).toEqual([201, first.body]);
  expect(again.headers.get('idempotency-replayed')).toBe('true');
});
