import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { decodeJwt, SignJWT } from 'jose';
import { limits } from '../../src/limits.ts';
import { Tokens } from '../../src/http/token.ts';
import { FakeApis, jwt_secret, meeting } from './api-fixture.ts';
import type { Reply } from './api-fixture.ts';

let apis: FakeApis;
let token: string;

beforeEach(async () => {
  apis = await FakeApis.start(1);
  token = await apis.register('ana');
  apis.node(0).replica.proposed = 0;
});
afterEach(() => apis.stop());

/** The claims of a good token, changed. */
function claims(change: Record<string, unknown> = {}): Record<string, unknown> {
  return { ...decodeJwt(token), ...change };
}

function signed(payload: Record<string, unknown>, header: object = { alg: 'HS256', typ: 'JWT' }) {
  const encode = (value: object): string =>
    Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${encode(header)}.${encode(payload)}`;
  return `${text}.${createHmac('sha256', jwt_secret).update(text).digest('base64url')}`;
}

async function refused(bad_token: string): Promise<string> {
  const body = meeting(9);
  const reply = await apis.call('POST', '/api/appointments', { token: bad_token, body });
  return expectRefused(reply);
}

function expectRefused(reply: Reply): string {
  expect([reply.status, reply.body['code']]).toEqual([401, 'unauthenticated']);
  expect(reply.headers.get('content-type')).toBe('application/problem+json');
  expect(reply.headers.get('www-authenticate')).toBe('Bearer');
  expect(apis.node(0).replica.proposed).toBe(0);
  return String(reply.body['detail']);
}

test('claims include sub and username, and the token opens the API', async () => {
  expect(claims()).toMatchObject({
    sub: expect.stringMatching(/^usr_/),
    username: 'ana',
    tv: 1,
    tvi: 2,
    jti: expect.any(String),
    exp: expect.any(Number),
  });
  expect(Number(claims()['exp']) - Number(claims()['iat'])).toBe(43_200);
  expect(signed(claims())).toBeDefined();
  const reply = await apis.call('GET', '/api/me', { token: signed(claims()) });
  expect(reply.status).toBe(200);
});

test('a token is good for 12 hours, or JWT_TTL_S', async () => {
  const good_for = ({ iat, exp }: Record<string, unknown>) => Number(exp) - Number(iat);
  expect(good_for(claims())).toBe(12 * 60 * 60);
  await apis.stop();
  apis = await FakeApis.start(1, { token_ttl_s: 60 });
  token = await apis.register('ana');
  expect(good_for(claims())).toBe(60);
  apis.clock_offset_ms = 61_000;
  const late = await apis.call('GET', '/api/me', { token });
  expect([late.status, late.body['code']]).toEqual([401, 'unauthenticated']);
});

describe('a token is refused, and its bearer told why', () => {
  test('missing or not a bearer token', async () => {
    const send = (headers: Record<string, string>): Promise<Reply> =>
      apis.call('POST', '/api/appointments', { body: meeting(9), headers });
    expect(expectRefused(await send({}))).toMatch(/missing/);
    expect(expectRefused(await send({ authorization: 'Basic YTpi' }))).toMatch(/malformed/);
  });

  test('malformed', async () => {
    for (const text of ['x', 'a.b.c', `${token}.x`]) {
      expect(await refused(text)).toMatch(/malformed/);
    }
  });

  test('with another signature', async () => {
    expect(await refused(`${token.slice(0, -2)}${token.endsWith('AA') ? 'BB' : 'AA'}`)).toMatch(
      /signature/,
    );
  });

  test('with the algorithm none', async () => {
    const [, payload] = token.split('.');
    const header = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url');
    expect(await refused(`${header}.${payload}.`)).toMatch(/algorithm|malformed/);
  });

  test('with HS512 and the right secret', async () => {
    const other = await new SignJWT(claims())
      .setProtectedHeader({ alg: 'HS512', typ: 'JWT' })
      .sign(new Uint8Array(64).fill(1, 0, 32));
    expect(await refused(other)).toMatch(/another algorithm/);
  });

  test('with RS256', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const [text] = signed(claims(), { alg: 'RS256', typ: 'JWT' }).match(/^[^.]+\.[^.]+/) ?? [''];
    const signature = sign('sha256', Buffer.from(text), privateKey).toString('base64url');
    expect(await refused(`${text}.${signature}`)).toMatch(/another algorithm/);
  });

  test.each(['exp', 'sub', 'jti', 'tv', 'tvi', 'username', 'iss', 'aud'])(
    'without %s',
    async (claim) => {
      const payload = claims();
      delete payload[claim];
      expect(await refused(signed(payload))).toContain(`"${claim}"`);
    },
  );

  test('for another audience, from another issuer, of another type', async () => {
    expect(await refused(signed(claims({ aud: 'another' })))).toContain('"aud"');
    expect(await refused(signed(claims({ iss: 'another' })))).toContain('"iss"');
    expect(await refused(signed(claims(), { alg: 'HS256', typ: 'at+jwt' }))).toContain('"typ"');
    expect(await refused(signed(claims({ tv: 'one' })))).toMatch(/wrong type/);
  });

  test('expired, though it was remembered as good', async () => {
    expect((await apis.call('GET', '/api/me', { token })).status).toBe(200);
    apis.clock_offset_ms = 43_201_000;
    expect(await refused(token)).toMatch(/expired/);
  });

  test('of a session that was ended', async () => {
    const [user] = apis.state.users.values();
    if (user !== undefined) apis.state.users.set(user.key, { ...user, token_version: 2 });
    expect(await refused(token)).toMatch(/ended/);
  });
});

test('a session ended elsewhere reads nothing more, once the read index shows it', async () => {
  apis.node(0).replica.onBarrier = () => {
    const [user] = apis.state.users.values();
    if (user !== undefined) apis.state.users.set(user.key, { ...user, token_version: 2 });
  };
  expect((await apis.call('GET', '/api/me', { token })).status).toBe(401);
});

test('a token fresher than the replica is never a 401: it waits, then 503', async () => {
  apis.node(0).replica.applied_index = 1;
  const reply = await apis.call('GET', '/api/me?consistency=local', { token });
  expect([reply.status, reply.body['code']]).toEqual([503, 'index_not_reached']);
  expect(reply.headers.get('retry-after')).not.toBeNull();
});

test('remembered tokens are bounded', async () => {
  const tokens = new Tokens({ secret: jwt_secret, ttl_s: 60, now_ms: () => Date.now() });
  const [user] = apis.state.users.values();
  if (user === undefined) throw new Error('nobody registered');
  const first = await tokens.issue(user);
  expect((await tokens.verify(first)).ok).toBe(true);
  // The bound is asserted inside; this only makes it meet it.
  for (let count = 0; count <= limits.token_cache_max; count += 1) {
    const verified = await tokens.verify(signed({ ...decodeJwt(first), jti: String(count) }));
    if (!verified.ok) throw new Error(verified.error);
  }
  expect((await tokens.verify(first)).ok).toBe(true);
}, 120_000);
