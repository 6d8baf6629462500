import { afterEach, describe, expect, jest, test } from '@jest/globals';
import type { User } from '../../../src/agenda/model.ts';
import { PasswordHasher } from '../../../src/http/passwords.ts';
import type { PasswordEngine } from '../../../src/http/passwords.ts';
import { ProblemError } from '../../../src/http/problem.ts';
import { RateLimits } from '../../../src/http/rate-limits.ts';
import type { RouteContext } from '../../../src/http/route.ts';
import { logIn } from '../../../src/http/users/log-in.ts';
import { limits } from '../../../src/limits.ts';
import { FakeApis, good_password, registration } from '../api-fixture.ts';
import type { Reply } from '../api-fixture.ts';
import { FakeReplica, FakeState } from '../fake-replica.ts';
import { FakeTrail } from '../fake-trail.ts';

describe('Unknown user and wrong password answer alike and take as long', () => {
  /** The hash of a password is the password. */
  class CountingEngine implements PasswordEngine {
    verified = 0;
    hash(password: string): Promise<string> {
      return Promise.resolve(password);
    }
    verify(password_hash: string, password: string): Promise<boolean> {
      this.verified += 1;
      return Promise.resolve(password_hash === password);
    }
  }

  async function attempt(username: string, password: string) {
    const state = new FakeState(['agenda-1']);
    const ana = {
      key: 4096,
      username_folded: 'ana',
      email_folded: 'ana@x',
      password_hash: 'right',
    };
    state.users.set(ana.key, ana as User);
    const engine = new CountingEngine();
    let barriers = 0;
    const replica = new FakeReplica('agenda-1', state);
    replica.onBarrier = () => void (barriers += 1);
    const services = {
      replica,
      passwords: new PasswordHasher(engine),
      rate_limits: new RateLimits({ metrics: { rateLimited: () => undefined } }),
      audit: new FakeTrail(),
    };
    const context = {
      body: { username, password },
      client_address: () => '10.0.0.1',
      exchange: { route: '/login', deadline: { ends_at_ms: Number.POSITIVE_INFINITY } },
    } as RouteContext<{ username: string; password: string }>;
    const refusal = await logIn(services, context).then(
      () => null,
      (error: unknown) => (error instanceof ProblemError ? error.problem : error),
    );
    return { refusal, hashes: engine.verified, barriers };
  }

  test('one hash and one look at the majority each, and the same words', async () => {
    const wrong = await attempt('ana', 'wrong');
    expect(wrong).toMatchObject({ hashes: 1, barriers: 1, refusal: { code: 'unauthenticated' } });
    expect(await attempt('nobody', 'wrong')).toEqual(wrong);
    expect(await attempt('nobody@x', 'wrong')).toEqual(wrong);
    // A character that no name can have.
    expect(await attempt('\u{e000}', 'wrong')).toEqual(wrong);
  });

  test('the right password takes one hash, and no majority', async () => {
    expect(await attempt('ANA', 'right')).toEqual({ refusal: null, hashes: 1, barriers: 0 });
    expect(await attempt('Ana@X', 'right')).toEqual({ refusal: null, hashes: 1, barriers: 0 });
  });
});

describe('Rate limits', () => {
  let apis: FakeApis;
  afterEach(() => apis.stop());

  const attempt = (password: string, address = '10.0.0.1', username = 'ana') =>
    apis.call('POST', '/login', {
      body: { username, password },
      headers: { 'x-forwarded-for': address },
    });

  /** Few at a time: what waits for its hash too long is 503. */
  async function statuses(count: number, send: (at: number) => Promise<Reply>): Promise<number[]> {
    const all: number[] = [];
    while (all.length < count) {
      const at = all.length;
      const replies = await Promise.all(Array.from({ length: 10 }, (_, one) => send(at + one)));
      all.push(...replies.map((reply) => reply.status));
    }
    return all;
  }

  async function guess(address: string): Promise<void> {
    const seen = await statuses(limits.wrong_passwords_per_address_max, (at) =>
      attempt(`wrong password ${at}`, address, at % 2 === 0 ? 'ana' : 'ANA'),
    );
    expect(new Set(seen)).toEqual(new Set([401]));
  }

  test('guessing is 429 with Retry-After, for that account at that address', async () => {
    apis = await FakeApis.start(1, { trust_proxy: ['loopback'] });
    await apis.call('POST', '/register', { body: registration('ana') });
    await guess('10.0.0.1');
    const refused = await attempt(good_password);
    expect([refused.status, refused.body['code']]).toEqual([429, 'rate_limited']);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect((await attempt(good_password, '10.0.0.2')).status).toBe(200);
    expect((await attempt(good_password, '10.0.0.1', 'ben')).status).toBe(401);
    const metrics = (await apis.call('GET', '/metrics')).text;
    expect(metrics).toContain('agenda_http_rate_limited_total{route="/login"} 1');
  }, 120_000);

  test('TRUST_PROXY: the address that a stranger claims for itself is not believed', async () => {
    apis = await FakeApis.start(1);
    await apis.call('POST', '/register', { body: registration('ana') });
    await guess('10.0.0.1');
    expect((await attempt(good_password, '10.0.0.2')).status).toBe(429);
  }, 120_000);

  test('too many registrations at a replica are 429 with Retry-After, by either path', async () => {
    apis = await FakeApis.start(1);
    const taken = jest.spyOn(RateLimits.prototype, 'takeRegistration');
    await apis.register('ana');
    const [rate_limits] = taken.mock.contexts as RateLimits[];
    taken.mockRestore();
    // All others but the last one, without what their hashes cost.
    for (let count = 1; count < limits.registrations_per_minute_max - 1; count += 1) {
      await rate_limits?.takeRegistration('/register');
    }
    await apis.register('last');
    const { proposed } = apis.node(0).replica;
    for (const path of ['/register', '/api/auth/signup']) {
      const refused = await apis.call('POST', path, { body: registration('bruno') });
      expect([refused.status, refused.body['code']]).toEqual([429, 'rate_limited']);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    }
    expect(apis.node(0).replica.proposed).toBe(proposed);
    const metrics = (await apis.call('GET', '/metrics')).text;
    expect(metrics).toContain('agenda_http_rate_limited_total{route="/register"} 1');
    expect(metrics).toContain('agenda_http_rate_limited_total{route="/api/auth/signup"} 1');
  });

  test('a load test of one user at one address meets none', async () => {
    apis = await FakeApis.start(1);
    await apis.call('POST', '/register', { body: registration('ana') });
    const count = 2 * limits.wrong_passwords_per_address_max;
    const seen = await statuses(count, () => attempt(good_password));
    expect(new Set(seen)).toEqual(new Set([200]));
  }, 120_000);
});
