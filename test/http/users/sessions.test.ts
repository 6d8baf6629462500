import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { User } from '../../../src/agenda/model.ts';
import { FakeApis, good_password, registration } from '../api-fixture.ts';
import type { Reply } from '../api-fixture.ts';

let apis: FakeApis;
let token: string;

beforeEach(async () => {
  apis = await FakeApis.start(2);
  token = await apis.register('ana');
});
afterEach(() => apis.stop());

const new_password = 'another uncommon password';
const change = (
  options: { token?: string; headers?: Record<string, string>; at?: number } = {},
  body: object = { current_password: good_password, new_password },
) => apis.call('PUT', '/api/me/password', { token, body, ...options });
const readSelf = (by: string, at = 0) => apis.call('GET', '/api/me', { token: by, at });
const login = (password: string) =>
  apis.call('POST', '/login', { body: { username: 'ana', password } });
const outcome = (reply: Reply) => [reply.status, reply.body['code']];
const tokenOf = (reply: Reply) => String(reply.body['token']);

describe('PUT /api/me/password', () => {
  test('{current_password, new_password} → 200 {user, token}', async () => {
    const reply = await change();
    expect(reply.status).toBe(200);
    expect(Object.keys(reply.body).sort()).toEqual(['token', 'user']);
    const self = await readSelf(tokenOf(reply));
    expect(self.body).toEqual(reply.body['user']);
    expect(reply.headers.get('agenda-index')).toBe(String(apis.state.index));
    expect(reply.headers.get('etag')).toBe(self.headers.get('etag'));
    expect((await login(new_password)).status).toBe(200);
    expect(outcome(await login(good_password))).toEqual([401, 'unauthenticated']);
  });

  test('all older tokens end on every replica, those it knows well too', async () => {
    const second = tokenOf(await login(good_password));
    for (const at of [0, 1]) {
      for (const old of [token, second]) expect((await readSelf(old, at)).status).toBe(200);
    }
    const fresh = tokenOf(await change());
    for (const at of [0, 1]) {
      for (const old of [token, second]) {
        expect(outcome(await readSelf(old, at))).toEqual([401, 'unauthenticated']);
      }
      expect((await readSelf(fresh, at)).status).toBe(200);
    }
  });

  test('a token fresher than the replica waits for its index: it is never a 401', async () => {
    const before = new Map(apis.state.users);
    const index_before = apis.state.index;
    const fresh = tokenOf(await change());
    const follower = apis.node(1).replica;
    follower.view = {
      ...follower.view,
      userByKey: (key) =>
        (follower.applied_index === null ? apis.state.users : before).get(key) ?? null,
    };
    follower.applied_index = index_before;
    expect(outcome(await readSelf(fresh, 1))).toEqual([503, 'index_not_reached']);
    follower.applied_index = null;
    expect((await readSelf(fresh, 1)).status).toBe(200);
  });

  test('a wrong current password is 403, and nothing changes', async () => {
    const body = { current_password: 'not the password', new_password };
    expect(outcome(await change({}, body))).toEqual([403, 'forbidden']);
    expect((await readSelf(token)).status).toBe(200);
    expect((await login(good_password)).status).toBe(200);
    expect(apis.state.commands).toHaveLength(1);
  });

  test('it is refused after a read index only; without a majority it is not known: 503', async () => {
    apis.node(0).replica.has_quorum = false;
    const body = { current_password: 'not the password', new_password };
    expect(outcome(await change({}, body))).toEqual([503, 'no_quorum']);
  });

  test.each(['short', 'x'.repeat(257), 'PASSWORD123', 12345678])(
    'a new password that is common, short or long is 400: %j',
    async (bad) => {
      const reply = await change({}, { current_password: good_password, new_password: bad });
      expect(outcome(reply)).toEqual([400, 'invalid_request']);
      expect(reply.body['errors']).toEqual([{ field: 'new_password', detail: expect.any(String) }]);
      expect(reply.text).not.toContain(`"${bad}"`);
    },
  );

  test('unknown and missing fields are 400', async () => {
    expect(outcome(await change({}, { new_password }))).toEqual([400, 'invalid_request']);
    const more = { current_password: good_password, new_password, password: 'x' };
    expect(outcome(await change({}, more))).toEqual([400, 'invalid_request']);
  });

  test('of two that race, the one that comes second is refused: its session has ended', async () => {
    const replies = await Promise.all([
      change(),
      change({}, { current_password: good_password, new_password: 'a third uncommon one' }),
    ]);
    expect(new Set(replies.map((reply) => reply.status))).toEqual(new Set([200, 401]));
  });

  test('If-Match on changes', async () => {
    expect(outcome(await change({ headers: { 'if-match': '"7"' } }))).toEqual([
      412,
      'precondition_failed',
    ]);
    expect((await change({ headers: { 'if-match': '"1"' } })).status).toBe(200);
  });

  test('no password goes into the log, nor into a line of ours', async () => {
    await change({ headers: { 'idempotency-key': 'k' } });
    const kept = JSON.stringify([apis.state.commands, [...apis.state.remembered]]);
    expect(kept + apis.log_lines.join('\n')).not.toMatch(/uncommon password/);
    expect(JSON.stringify([...apis.state.remembered])).not.toContain('eyJ');
  });
});

describe('Answers that carry a token are never stored: a replay mints a new one', () => {
  const headers = { 'idempotency-key': 'change it' };

  test('sent again with the token that the first success ended', async () => {
    const first = await change({ headers });
    const again = await change({ headers });
    expect([first.status, again.status]).toEqual([200, 200]);
    expect(first.headers.get('idempotency-replayed')).toBeNull();
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(again.headers.get('etag')).toBe(first.headers.get('etag'));
    expect(again.body['user']).toEqual(first.body['user']);
    expect(tokenOf(again)).not.toBe(tokenOf(first));
    expect((await readSelf(tokenOf(again))).status).toBe(200);
    // And the first answer's token is good still: it was one change.
    expect((await readSelf(tokenOf(first))).status).toBe(200);
    expect(apis.state.commands.filter((one) => one.body.kind !== 'user.register')).toHaveLength(1);
  });

  test('sent again with the token of the first answer', async () => {
    const first = await change({ headers });
    const again = await change({ headers, token: tokenOf(first) });
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([200, 'true']);
  });

  test('whatever changed since: the answer is the first one, but for the token', async () => {
    const first = await change({ headers });
    const body = { display_name: 'Another', locale: 'es' };
    await apis.call('PUT', '/api/me/profile', { token: tokenOf(first), body });
    const again = await change({ headers });
    expect([again.status, again.headers.get('etag')]).toEqual([200, '"1"']);
    expect(again.body['user']).toEqual(first.body['user']);
    expect((await readSelf(tokenOf(again))).body).toMatchObject(body);
  });

  test('after checking the password: another one is another request', async () => {
    await change({ headers });
    const body = { current_password: good_password, new_password: 'a third uncommon one' };
    const other = await change({ headers }, body);
    expect(outcome(other)).toEqual([422, 'idempotency_key_reused']);
    expect(other.body['token']).toBeUndefined();
  });

  test('an ended session with a new key, or without one, is 401', async () => {
    await change({ headers });
    expect(outcome(await change({ headers: { 'idempotency-key': 'new' } }))).toEqual([
      401,
      'unauthenticated',
    ]);
    expect(outcome(await change())).toEqual([401, 'unauthenticated']);
  });

  test('that met its first attempt on the way is answered as the first', async () => {
    const [one, other] = await Promise.all([change({ headers }), change({ headers })]);
    expect([one.status, other.status]).toEqual([200, 200]);
    expect(one.body['user']).toEqual(other.body['user']);
  });

  test('through a redirect, by its ticket', async () => {
    const redirected = await change({ at: 1, headers: { 'agenda-routing': 'redirect' } });
    expect(redirected.status).toBe(307);
    const location = redirected.headers.get('location') ?? '';
    const body = { current_password: good_password, new_password };
    const first = await apis.call('PUT', location, { body });
    const again = await apis.call('PUT', location, { body });
    expect([first.status, again.status]).toEqual([200, 200]);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
  });
});

describe('POST /api/auth/logout', () => {
  const logOut = (headers: Record<string, string> = {}) =>
    apis.call('POST', '/api/auth/logout', { token, headers });

  test('204; ends all of the person’s tokens on every replica', async () => {
    const second = tokenOf(await login(good_password));
    const other = await apis.register('ben');
    const reply = await logOut();
    expect([reply.status, reply.text]).toEqual([204, '']);
    expect(reply.headers.get('agenda-index')).toBe(String(apis.state.index));
    for (const at of [0, 1]) {
      for (const old of [token, second]) {
        expect(outcome(await readSelf(old, at))).toEqual([401, 'unauthenticated']);
      }
      expect((await readSelf(other, at)).status).toBe(200);
    }
    expect((await readSelf(tokenOf(await login(good_password)), 1)).status).toBe(200);
  });

  test('with an ended session it is 401', async () => {
    await logOut();
    expect(outcome(await logOut())).toEqual([401, 'unauthenticated']);
    expect(outcome(await logOut({ 'idempotency-key': 'k' }))).toEqual([401, 'unauthenticated']);
  });

  test('the same key gives the same answer again, and ends nothing more', async () => {
    const headers = { 'idempotency-key': 'k' };
    expect((await logOut(headers)).status).toBe(204);
    const fresh = tokenOf(await login(good_password));
    const again = await logOut(headers);
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([204, 'true']);
    expect((await readSelf(fresh)).status).toBe(200);
  });

  test('a session that ends between the look and the log is refused by apply', async () => {
    const { state } = apis;
    const [ana] = [...state.users.values()] as [User];
    const apply = state.apply.bind(state);
    state.apply = (command) => {
      state.users.set(ana.key, { ...ana, token_version: ana.token_version + 1 });
      return apply(command);
    };
    expect(outcome(await logOut())).toEqual([401, 'unauthenticated']);
  });
});

test('a registration that is sent again is as little stored: its password proves it', async () => {
  const headers = { 'idempotency-key': 'register eva' };
  const send = (password: string) =>
    apis.call('POST', '/register', { body: { ...registration('eva'), password }, headers });
  const first = await send(good_password);
  // The person may have changed since: the answer is the first one all the same.
  await apis.call('PUT', '/api/me/profile', { token: tokenOf(first), body: { locale: 'es' } });
  const again = await send(good_password);
  expect([again.status, again.headers.get('etag')]).toEqual([201, '"1"']);
  expect(again.body['user']).toEqual(first.body['user']);
  expect((await readSelf(tokenOf(again))).status).toBe(200);
  expect(outcome(await send('not the password'))).toEqual([422, 'idempotency_key_reused']);
});
