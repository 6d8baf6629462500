import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { limits } from '../../src/limits.ts';
import type { NodeAddress } from '../../src/http/dependencies.ts';
import { FakeApis, meeting, registration } from './api-fixture.ts';
import type { Reply } from './api-fixture.ts';

/** Node 0 leads; node 1 follows. */
let apis: FakeApis;
let token: string;

beforeEach(async () => {
  apis = await FakeApis.start(3);
  token = await apis.register('ana');
  apis.state.commands.length = 0;
});
afterEach(() => apis.stop());

const FOLLOWER = 1;
const body = meeting(9);

async function redirected(path = '/api/appointments', headers = {}): Promise<string> {
  const reply = await apis.call('POST', path, { at: FOLLOWER, token, body, headers });
  expect(reply.status).toBe(307);
  return String(reply.headers.get('location'));
}

/** The first character of the signature becomes another one; all its six bits count. */
function withOtherSignature(location: string): string {
  return location.replace(/\.([A-Za-z0-9_-])([A-Za-z0-9_-]{42})$/, (_whole, first, rest) => {
    return `.${first === 'A' ? 'B' : 'A'}${rest}`;
  });
}

function expectRefused(reply: Reply, status: number, code: string): void {
  expect([reply.status, reply.body['code']]).toEqual([status, code]);
  expect(apis.state.commands).toEqual([]);
}

test('a plain fetch through a follower writes, once, by following the redirect', async () => {
  const options = { at: FOLLOWER, token, body, redirect: 'follow' } as const;
  const reply = await apis.call('POST', '/api/appointments', options);
  expect(reply.status).toBe(201);
  expect(apis.state.commands).toHaveLength(1);
  expect(apis.state.commands[0]).toMatchObject({
    origin_node: 'agenda-1',
    remember: { ttl_ms: limits.ticket_key_ttl_ms },
  });
});

test('the 307 is a problem that names the leader, and its Location the same request there', async () => {
  const reply = await apis.call('POST', '/api/appointments', { at: FOLLOWER, token, body });
  expect(reply.status).toBe(307);
  expect(reply.headers.get('content-type')).toBe('application/problem+json');
  const leader = apis.node(0).origin;
  expect(reply.body).toMatchObject({ status: 307, leader_id: 'agenda-1', leader });
  expect(reply.headers.get('location')).toMatch(
    new RegExp(`^${leader}/api/appointments\\?ticket=[\\w.-]+$`),
  );
  expect(apis.node(FOLLOWER).replica.proposed).toBe(0);
});

test('a follower refuses bad syntax and bad tokens itself', async () => {
  const at = FOLLOWER;
  const no_token = await apis.call('POST', '/api/appointments', { at, body });
  expectRefused(no_token, 401, 'unauthenticated');
  const bad = await apis.call('POST', '/api/appointments', { at, token, body: { title: 1 } });
  expectRefused(bad, 400, 'invalid_request');
});

test('registering through a follower goes without ticket', async () => {
  const reply = await apis.call('POST', '/register', { at: FOLLOWER, body: registration('eva') });
  expect([reply.status, reply.headers.get('location')]).toEqual([
    307,
    `${apis.node(0).origin}/register`,
  ]);
  const followed = await apis.call('POST', '/register', {
    at: FOLLOWER,
    body: registration('eva'),
    redirect: 'follow',
  });
  expect(followed.status).toBe(201);
});

test('logging in needs no leader', async () => {
  apis.state.leader_id = null;
  const { username, password } = registration('ana');
  const reply = await apis.call('POST', '/login', { at: FOLLOWER, body: { username, password } });
  expect(reply.status).toBe(200);
});

describe('a ticket', () => {
  test('used twice gives the first answer again', async () => {
    const location = await redirected();
    const first = await apis.call('POST', location, { body });
    const second = await apis.call('POST', location, { body });
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.body).toEqual(first.body);
    expect(first.headers.get('idempotency-replayed')).toBeNull();
    expect(second.headers.get('idempotency-replayed')).toBe('true');
    expect(apis.state.appointments.size).toBe(1);
  });

  test('leaves an Idempotency-Key what it is', async () => {
    const headers = { 'idempotency-key': 'key-1' };
    const location = await redirected('/api/appointments', headers);
    const first = await apis.call('POST', location, { body, headers });
    const direct = await apis.call('POST', '/api/appointments', { token, body, headers });
    expect(direct.headers.get('idempotency-replayed')).toBe('true');
    expect(direct.body).toEqual(first.body);
    expect(apis.state.commands[0]?.remember?.ttl_ms).toBe(limits.request_key_ttl_ms);
  });

  const tampering: [string, (location: string) => Promise<Reply>][] = [
    ['another body', (location) => apis.call('POST', location, { body: meeting(10) })],
    [
      'another key',
      (location) => apis.call('POST', location, { body, headers: { 'idempotency-key': 'k' } }),
    ],
    [
      'another If-Match',
      (location) => apis.call('POST', location, { body, headers: { 'if-match': '"1"' } }),
    ],
    ['another method', (location) => apis.call('GET', location.replace('appointments', 'me'))],
    ['another signature', (location) => apis.call('POST', withOtherSignature(location), { body })],
    [
      'another node',
      (location) =>
        apis.call('POST', location.replace(apis.node(0).origin, apis.node(2).origin), { body }),
    ],
  ];
  test.each(tampering)('does not open a request with %s', async (_what, send) => {
    const reply = await send(await redirected());
    expectRefused(reply, 401, 'unauthenticated');
    expect(reply.body['detail']).toMatch(/ticket/);
  });

  test('does not open another address', async () => {
    const location = await redirected();
    const other = location.replace('?', '?consistency=local&');
    const reply = await apis.call('POST', other, { body });
    expect([400, 401]).toContain(reply.status);
    expect(apis.state.commands).toEqual([]);
  });

  test('ends after thirty seconds', async () => {
    const location = await redirected();
    apis.clock_offset_ms = limits.ticket_ttl_ms;
    const reply = await apis.call('POST', location, { body });
    expectRefused(reply, 401, 'unauthenticated');
    expect(reply.body['detail']).toMatch(/expired/);
    // A client that kept its token needs no ticket.
    expect((await apis.call('POST', location, { body, token })).status).toBe(201);
  });

  test('ends with the session', async () => {
    const location = await redirected();
    const [user] = apis.state.users.values();
    if (user !== undefined) apis.state.users.set(user.key, { ...user, token_version: 2 });
    expectRefused(await apis.call('POST', location, { body }), 401, 'unauthenticated');
  });

  describe('is never redirected again: the node it reaches', () => {
    test('serves it', async () => {
      const reply = await apis.call('POST', await redirected(), { body });
      expect([reply.status, reply.headers.get('agenda-served-by')]).toEqual([201, null]);
    });

    test('forwards it when leadership moved, whatever Agenda-Routing says', async () => {
      const headers = { 'agenda-routing': 'redirect' };
      const location = await redirected('/api/appointments', headers);
      apis.state.leader_id = 'agenda-3';
      const first = await apis.call('POST', location, { body, headers });
      expect([first.status, first.headers.get('agenda-served-by')]).toEqual([201, 'agenda-3']);
      expect(apis.state.commands).toHaveLength(1);
      expect(apis.state.commands[0]).toMatchObject({
        origin_node: 'agenda-1',
        remember: { ttl_ms: limits.ticket_key_ttl_ms },
      });
      // The second use gets the first answer, also when it comes another way.
      apis.state.leader_id = 'agenda-1';
      const second = await apis.call('POST', location, { body });
      expect([second.status, second.body]).toEqual([201, first.body]);
      expect(second.headers.get('idempotency-replayed')).toBe('true');
    });

    test('answers 503 when there is no leader', async () => {
      const location = await redirected();
      apis.state.leader_id = null;
      const reply = await apis.call('POST', location, { body });
      expectRefused(reply, 503, 'no_leader');
      expect(reply.headers.get('retry-after')).not.toBeNull();
    });

    test('never answers 401 for that, even when the clock of the new leader is ahead', async () => {
      const location = await redirected();
      apis.state.leader_id = 'agenda-3';
      apis.next_forward = () => {
        apis.clock_offset_ms = limits.ticket_ttl_ms;
        return null;
      };
      expect((await apis.call('POST', location, { body })).status).toBe(201);
    });
  });
});

test('a leader that is told by the consensus that another leads redirects after all', async () => {
  apis.node(0).replica.propose = () => {
    apis.state.leader_id = 'agenda-2';
    return Promise.resolve({ kind: 'not_proposed', reason: 'not_leader' });
  };
  const reply = await apis.call('POST', '/api/appointments', { token, body });
  expect(reply.status).toBe(307);
  expect(reply.headers.get('location')).toContain(apis.node(1).origin);
});

test('no leader: 503 no_leader with Retry-After, however it was to be routed', async () => {
  apis.state.leader_id = null;
  for (const headers of [{}, { 'agenda-routing': 'forward' }, { 'agenda-routing': 'redirect' }]) {
    const options = { at: FOLLOWER, token, body, headers };
    const reply = await apis.call('POST', '/api/appointments', options);
    expectRefused(reply, 503, 'no_leader');
    expect(reply.headers.get('retry-after')).toMatch(/^\d+$/);
  }
});

test('no leader: it waits for one within the deadline', async () => {
  const { replica } = apis.node(FOLLOWER);
  for (const [way, status] of [
    ['redirect', 307],
    ['forward', 201],
  ] as const) {
    apis.state.leader_id = null;
    const waits: number[] = [];
    replica.waitForLeader = (timeout_ms) => {
      waits.push(timeout_ms);
      apis.state.leader_id = 'agenda-1';
      return Promise.resolve(apis.state.configuration.voters[0] ?? null);
    };
    const headers = { 'agenda-routing': way };
    const reply = await apis.call('POST', '/api/appointments', {
      at: FOLLOWER,
      token,
      body,
      headers,
    });
    expect(reply.status).toBe(status);
    expect(waits).toHaveLength(1);
    expect(waits[0]).toBeGreaterThan(0);
    expect(waits[0]).toBeLessThanOrEqual(5_000);
  }
});

describe('LEADER_ROUTING and Agenda-Routing', () => {
  const shared = 'agenda.example.org';
  type Way = 'redirect' | 'forward';
  const cases: ['auto' | Way, string | undefined, Way | undefined, Way][] = [
    ['auto', undefined, undefined, 'redirect'],
    ['auto', shared, undefined, 'forward'],
    ['auto', undefined, 'forward', 'forward'],
    ['auto', shared, 'redirect', 'redirect'],
    ['redirect', undefined, undefined, 'redirect'],
    ['redirect', shared, undefined, 'redirect'],
    ['redirect', shared, 'forward', 'forward'],
    ['forward', undefined, undefined, 'forward'],
    ['forward', undefined, 'redirect', 'redirect'],
  ];
  test.each(cases)('%s, Host %s, Agenda-Routing %s: %s', async (mode, host, asked, way) => {
    await apis.stop();
    apis = await FakeApis.start(2, { leader_routing: mode });
    token = await apis.register('ana');
    const headers: Record<string, string> = asked === undefined ? {} : { 'agenda-routing': asked };
    const options = { at: FOLLOWER, token, body, headers, ...(host === undefined ? {} : { host }) };
    const reply = await apis.call('POST', '/api/appointments', options);
    expect(reply.status).toBe(way === 'redirect' ? 307 : 201);
    expect(apis.forwarded).toHaveLength(way === 'forward' ? 1 : 0);
  });

  test('other values of Agenda-Routing are 400', async () => {
    for (const at of [0, FOLLOWER]) {
      const headers = { 'agenda-routing': 'sideways' };
      const reply = await apis.call('POST', '/api/appointments', { at, token, body, headers });
      expectRefused(reply, 400, 'invalid_request');
    }
  });
});

describe('Location uses the address of the leader of the same kind; has it none, forward', () => {
  async function askAs(
    own: string,
    leaders: Partial<NodeAddress>,
    more: { host?: string; headers?: Record<string, string> } = {},
  ): Promise<Reply> {
    await apis.stop();
    apis = await FakeApis.start(2, { public_url: own, trust_proxy: ['loopback'] });
    token = await apis.register('ana');
    apis.addresses = apis.addresses.map((address, at) =>
      at === 0 ? { ...address, ...leaders } : address,
    );
    const options = { at: FOLLOWER, token, body, host: new URL(own).host, ...more };
    return apis.call('POST', '/api/appointments', options);
  }

  test('PUBLIC_URL', async () => {
    const reply = await askAs('https://two.example', { public_url: 'https://one.example' });
    expect(reply.status).toBe(307);
    expect(reply.headers.get('location')).toMatch(/^https:\/\/one\.example\/api\/appointments\?/);
    expect(reply.body).toMatchObject({ leader_id: 'agenda-1', leader: 'https://one.example' });
  });

  test('PUBLIC_URL, told by a proxy that is trusted', async () => {
    const headers = { 'x-forwarded-host': 'two.example' };
    const leaders = { public_url: 'https://one.example' };
    const reply = await askAs('https://two.example', leaders, { host: 'inside:1', headers });
    expect(reply.status).toBe(307);
  });

  test('without one it is forwarded', async () => {
    const reply = await askAs('https://two.example', { public_url: null });
    expect([reply.status, reply.headers.get('agenda-served-by')]).toEqual([201, 'agenda-1']);
  });

  test('one PUBLIC_URL for all is a shared name', async () => {
    const reply = await askAs('https://all.example', { public_url: 'https://all.example' });
    expect([reply.status, reply.headers.get('agenda-served-by')]).toEqual([201, 'agenda-1']);
  });

  test('never https to http', async () => {
    const reply = await askAs('https://two.example', { public_url: 'http://one.example' });
    expect([reply.status, reply.headers.get('agenda-served-by')]).toEqual([201, 'agenda-1']);
    const headers = { 'x-forwarded-proto': 'https', 'agenda-routing': 'redirect' };
    const host = new URL(apis.node(FOLLOWER).origin).host;
    const secure = await askAs('https://two.example', { public_url: null }, { host, headers });
    expect([secure.status, secure.headers.get('agenda-served-by')]).toEqual([201, 'agenda-1']);
  });

  test('an address that is not known', async () => {
    apis.addresses = apis.addresses.slice(1);
    const reply = await apis.call('POST', '/api/appointments', { at: FOLLOWER, token, body });
    expect([reply.status, reply.headers.get('agenda-served-by')]).toEqual([201, 'agenda-1']);
  });

  test('by localhost, to an address that works for who is there', async () => {
    const { port } = new URL(apis.node(FOLLOWER).origin);
    const options = { at: FOLLOWER, token, body, host: `localhost:${port}` };
    const reply = await apis.call('POST', '/api/appointments', options);
    expect(reply.status).toBe(307);
    expect(reply.headers.get('location')?.startsWith(apis.node(0).origin)).toBe(true);
  });
});

test('tickets are cut from logs, as passwords and tokens are', async () => {
  const secret = 'a password nobody guesses';
  const at = FOLLOWER;
  const person = { ...registration('eva'), password: secret };
  await apis.call('POST', '/register', { at, body: person, redirect: 'follow' });
  const login = { username: 'eva', password: secret };
  const logged_in = await apis.call('POST', '/login', { body: login });
  await apis.call('POST', '/login', { body: { ...login, password: `${secret}!` } });
  await apis.call('POST', '/login', { raw: `{"password": "${secret}" oops` });
  const location = await redirected();
  await apis.call('POST', location, { body });
  await apis.call('POST', location, { body: meeting(10) });
  apis.node(0).replica.propose = () => Promise.reject(new Error('a defect'));
  await apis.call('POST', '/api/appointments', { token, body });

  const log = apis.log_lines.join('');
  expect(log).toContain('request served');
  const ticket = new URL(location).searchParams.get('ticket');
  for (const hidden of [secret, token, logged_in.body['token'], ticket]) {
    expect(log).not.toContain(String(hidden));
  }
  expect(log).not.toContain('ticket=');
});
