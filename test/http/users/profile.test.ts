import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FakeApis } from '../api-fixture.ts';

let apis: FakeApis;
let token: string;

beforeEach(async () => {
  apis = await FakeApis.start(1);
  token = await apis.register('ana');
});
afterEach(() => apis.stop());

const change = (body: unknown, headers: Record<string, string> = {}) =>
  apis.call('PUT', '/api/me/profile', { token, body, headers });
const readSelf = () => apis.call('GET', '/api/me', { token });

describe('PUT /api/me/profile', () => {
  test('{display_name?, email?, time_zone?, locale?, share_busy?}: what is left out stays', async () => {
    const before = (await readSelf()).body;
    const all = {
      display_name: 'Ana María',
      email: 'New@Example.org',
      time_zone: 'Europe/Madrid',
      locale: 'es-ES',
      share_busy: false,
    };
    for (const [name, value] of Object.entries(all)) {
      const reply = await change({ [name]: value });
      expect([reply.status, reply.body[name]]).toEqual([200, value]);
    }
    const after = (await readSelf()).body;
    expect(after).toEqual({ ...before, ...all, updated_at: after['updated_at'] });
  });

  test('changing is 200 with it, its ETag, and the Agenda-Index that every write answers', async () => {
    const reply = await change({ display_name: 'Ana' });
    expect(reply.status).toBe(200);
    expect(reply.body).toEqual((await readSelf()).body);
    expect(reply.headers.get('agenda-index')).toBe(String(apis.state.index));
    expect(reply.headers.get('etag')).toBe('"2"');
    expect((await readSelf()).headers.get('etag')).toBe('"2"');
    expect((await change({})).headers.get('etag')).toBe('"3"');
  });

  test('username never changes, and other unknown fields are refused as well', async () => {
    for (const name of ['username', 'password', 'id', 'version']) {
      const reply = await change({ [name]: 'x' });
      expect([reply.status, reply.body['code']]).toEqual([400, 'invalid_request']);
      expect(reply.body['errors']).toEqual([{ field: name, detail: expect.any(String) }]);
    }
    expect((await readSelf()).body['username']).toBe('ana');
  });

  test.each([
    ['display_name', ''],
    ['display_name', 'x'.repeat(101)],
    ['display_name', null],
    ['email', 'ana'],
    ['email', `${'é'.repeat(125)}@example.org`],
    ['email', '"ana"@example.org'],
    ['time_zone', 'Mars/Olympus'],
    ['time_zone', '+01:00'],
    ['locale', 'not a locale'],
    ['locale', ''],
    ['locale', 'x'],
    ['locale', `en-${'abcdefgh-'.repeat(8)}a`],
    ['share_busy', 'yes'],
  ])('a bad %s is 400 and names it: %j', async (name, value) => {
    const reply = await change({ [name]: value });
    expect([reply.status, reply.body['code']]).toEqual([400, 'invalid_request']);
    expect(reply.body['errors']).toEqual([{ field: name, detail: expect.any(String) }]);
    expect(apis.state.commands).toHaveLength(1);
  });

  test('a locale takes its canonical form', async () => {
    expect((await change({ locale: 'ES-es' })).body['locale']).toBe('es-ES');
  });

  test('e-mail is unique without regard to case: 409 email_taken, and one logs in by the new one', async () => {
    await apis.register('ben');
    const taken = await change({ email: 'BEN@example.org' });
    expect([taken.status, taken.body['code']]).toEqual([409, 'email_taken']);
    expect((await change({ email: 'ANA@example.org' })).status).toBe(200);
    await change({ email: 'other@example.org' });
    const password = 'an uncommon password';
    const login = (username: string) =>
      apis.call('POST', '/login', { body: { username, password } });
    expect((await login('Other@example.org')).status).toBe(200);
    expect((await login('ana@example.org')).status).toBe(401);
  });

  test('the new name is found by the search', async () => {
    await change({ display_name: 'Zoraida ÁLVAREZ' });
    const found = await apis.call('GET', '/api/users/search?query=%C3%A1lvarez', { token });
    expect(found.body['items']).toHaveLength(1);
  });

  test('without a token it is 401', async () => {
    const reply = await apis.call('PUT', '/api/me/profile', { body: {} });
    expect([reply.status, reply.body['code']]).toEqual([401, 'unauthenticated']);
  });
});

describe('ETag is the version; If-Match on changes', () => {
  test('a lost update is 412, never silent; without it the change is applied', async () => {
    const etag = (await readSelf()).headers.get('etag') ?? '';
    const first = await change({ display_name: 'First' }, { 'if-match': etag });
    expect(first.status).toBe(200);
    const second = await change({ display_name: 'Second' }, { 'if-match': etag });
    expect([second.status, second.body['code']]).toEqual([412, 'precondition_failed']);
    expect((await readSelf()).body['display_name']).toBe('First');
    expect((await change({ display_name: 'Third' })).status).toBe(200);
    expect((await change({ display_name: 'Any' }, { 'if-match': '*' })).status).toBe(200);
    expect((await change({}, { 'if-match': 'no tag' })).status).toBe(400);
  });

  test('it is judged after the remembered answer: a retry of a successful PUT is not a 412', async () => {
    const headers = { 'if-match': '"1"', 'idempotency-key': 'k' };
    const first = await change({ display_name: 'First' }, headers);
    await change({ display_name: 'Second', email: 'second@example.org' });
    const again = await change({ display_name: 'First' }, headers);
    expect([first.status, again.status]).toEqual([200, 200]);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(again.headers.get('etag')).toBe(first.headers.get('etag'));
    expect(again.text).toBe(first.text);
    expect((await readSelf()).body['display_name']).toBe('Second');
    const other = await change({ display_name: 'Other' }, headers);
    expect([other.status, other.body['code']]).toEqual([422, 'idempotency_key_reused']);
  });
});
