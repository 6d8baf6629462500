import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { requestKeyOf } from '../../src/http/idempotency.ts';
import { limits } from '../../src/limits.ts';
import { FakeApis, good_password, meeting, registration } from './api-fixture.ts';

const secret = Buffer.alloc(32, 7);
const scope = { who: 'usr_00a', method: 'POST', path: '/api/appointments' };
const given = { key: 'key-1', ticket_id: null };

describe('a request key', () => {
  const key = (change = {}, body: unknown = { title: 'x' }, by = given) =>
    requestKeyOf(secret, { ...scope, ...change }, by, body);

  test('is there only with an Idempotency-Key, or a ticket, whose id is kept 120 s', () => {
    expect(requestKeyOf(secret, scope, { key: null, ticket_id: null }, {})).toBeNull();
    expect(key()?.ttl_ms).toBe(limits.request_key_ttl_ms);
    const by_ticket = requestKeyOf(secret, scope, { key: null, ticket_id: 'key-1' }, {});
    expect(by_ticket?.ttl_ms).toBe(limits.ticket_key_ttl_ms);
    expect(limits.ticket_key_ttl_ms).toBe(120_000);
    expect(by_ticket?.scope_hash).not.toBe(key()?.scope_hash);
  });

  test('belongs to a user, a method and a path', () => {
    const scopes = [
      key(),
      key({ who: 'usr_00b' }),
      key({ method: 'PUT' }),
      key({ path: '/api/posts' }),
      requestKeyOf(secret, scope, { ...given, key: 'key-2' }, { title: 'x' }),
      requestKeyOf(Buffer.alloc(32, 8), scope, given, { title: 'x' }),
    ].map((made) => made?.scope_hash);
    expect(new Set(scopes).size).toBe(scopes.length);
  });

  test('has a keyed hash of the body, however it is written, and no password of it', () => {
    const print = (body: unknown): string | undefined => key({}, body)?.fingerprint;
    expect(print({ a: 1, b: { c: [1, 2] } })).toBe(print({ b: { c: [1, 2] }, a: 1 }));
    expect(print({ a: [1, 2] })).not.toBe(print({ a: [2, 1] }));
    expect(print({ a: 1 })).not.toBe(print({ a: '1' }));
    for (const field of ['password', 'current_password', 'new_password']) {
      expect(print({ a: 1, [field]: 'x' })).toBe(print({ a: 1, [field]: 'y' }));
    }
    const other = requestKeyOf(Buffer.alloc(32, 8), scope, given, { a: 1 });
    expect(other?.fingerprint).not.toBe(print({ a: 1 }));
  });
});

describe('over HTTP', () => {
  let apis: FakeApis;
  let token: string;

  beforeEach(async () => {
    apis = await FakeApis.start(1);
    token = await apis.register('ana');
  });
  afterEach(() => apis.stop());

  test('the same key and body give the same answer again', async () => {
    const headers = { 'idempotency-key': 'a key' };
    const send = (hour: number) =>
      apis.call('POST', '/api/appointments', { token, body: meeting(hour), headers });
    const first = await send(9);
    const again = await send(9);
    expect(again.status).toBe(201);
    expect(again.body).toEqual(first.body);
    for (const name of ['location', 'etag']) {
      expect(again.headers.get(name)).toBe(first.headers.get(name));
    }
    expect(first.headers.get('idempotency-replayed')).toBeNull();
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    const other = await send(10);
    expect([other.status, other.body['code']]).toEqual([422, 'idempotency_key_reused']);
    expect(apis.state.appointments.size).toBe(1);
  });

  test('a registration sent again gets a new token, for the right password only', async () => {
    const headers = { 'idempotency-key': 'register eva' };
    const send = (password: string) =>
      apis.call('POST', '/register', { body: { ...registration('eva'), password }, headers });
    const first = await send(good_password);
    const again = await send(good_password);
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(again.body['user']).toEqual(first.body['user']);
    expect(again.body['token']).not.toBe(first.body['token']);
    const other = await send('another good password');
    expect([other.status, other.body['code']]).toEqual([422, 'idempotency_key_reused']);
    expect(other.body['token']).toBeUndefined();
  });

  test('for /register the scope is (path, folded username)', async () => {
    const headers = { 'idempotency-key': 'k' };
    const send = (username: string, path = '/register') =>
      apis.call('POST', path, { body: registration(username), headers });
    expect((await send('eva')).status).toBe(201);
    // Another person may have had the same thought.
    const dora = await send('dora');
    expect([dora.status, dora.headers.get('idempotency-replayed')]).toEqual([201, null]);
    // Another way to write the name is the same scope, and another body.
    const shouted = await send('EVA');
    expect([shouted.status, shouted.body['code']]).toEqual([422, 'idempotency_key_reused']);
    const elsewhere = await send('eva', '/api/auth/signup');
    expect([elsewhere.status, elsewhere.body['code']]).toEqual([409, 'username_taken']);
  });

  test('scoped to (user, method, path): elsewhere the same key is another', async () => {
    const headers = { 'idempotency-key': 'k' };
    const other = await apis.register('ben');
    const send = (method: string, path: string, body: unknown, as = token) =>
      apis.call(method, path, { token: as, body, headers });
    const first = await send('POST', '/api/appointments', meeting(9));
    const path = String(first.headers.get('location'));
    for (const reply of [
      await send('POST', '/api/appointments', meeting(10), other),
      await send('PUT', path, meeting(11)),
      await send('PATCH', path, { title: 'Other' }),
      await send('PUT', '/api/me/profile', { locale: 'es' }),
    ]) {
      expect([reply.status < 300, reply.headers.get('idempotency-replayed')]).toEqual([true, null]);
    }
    const again = await send('POST', '/api/appointments', meeting(9));
    expect([again.text, again.headers.get('idempotency-replayed')]).toEqual([first.text, 'true']);
  });

  test('a refusal is not remembered: the key is judged anew', async () => {
    const headers = { 'idempotency-key': 'k' };
    const other = await apis.call('POST', '/api/appointments', { token, body: meeting(9) });
    const send = () => apis.call('POST', '/api/appointments', { token, body: meeting(9), headers });
    expect((await send()).status).toBe(409);
    await apis.call('DELETE', `/api/appointments/${String(other.body['id'])}`, { token });
    const done = await send();
    expect([done.status, done.headers.get('idempotency-replayed')]).toEqual([201, null]);
  });
});
