import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { limits } from '../../src/limits.ts';
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
    ['another signature', (location) => apis.call('POST', `${location.slice(0, -2)}AA`, { body })],
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

  test('is never redirected again: when leadership moved, 503', async () => {
    const location = await redirected();
    apis.state.leader_id = 'agenda-3';
    const reply = await apis.call('POST', location, { body });
    expectRefused(reply, 503, 'no_leader');
    expect(reply.headers.get('retry-after')).not.toBeNull();
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

describe('no leader that can be named is 503 no_leader', () => {
  test('none known', async () => {
    apis.state.leader_id = null;
    const reply = await apis.call('POST', '/api/appointments', { at: FOLLOWER, token, body });
    expectRefused(reply, 503, 'no_leader');
  });

  test('without an address', async () => {
    apis.addresses = apis.addresses.slice(1);
    const reply = await apis.call('POST', '/api/appointments', { at: FOLLOWER, token, body });
    expectRefused(reply, 503, 'no_leader');
  });
});

describe('a client that came by PUBLIC_URL', () => {
  async function askAs(own: string, leaders: string | null): Promise<Reply> {
    await apis.stop();
    apis = await FakeApis.start(2, { public_url: own });
    token = await apis.register('ana');
    apis.state.commands.length = 0;
    apis.addresses = apis.addresses.map((address, at) =>
      at === 0 ? { ...address, public_url: leaders } : address,
    );
    // `fetch` sets Host itself, so this client is a plain one.
    const { request } = await import('node:http');
    const { hostname, port } = new URL(apis.node(FOLLOWER).origin);
    const text = JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const headers = {
        host: new URL(own).host,
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(text),
      };
      const options = { hostname, port, path: '/api/appointments', method: 'POST', headers };
      const sent = request(options, (answer) => {
        let received = '';
        answer.on('data', (chunk: Buffer) => (received += chunk.toString()));
        answer.on('end', () => {
          const answered = new Headers({ location: answer.headers.location ?? '' });
          const parsed = JSON.parse(received) as Record<string, unknown>;
          resolve({
            status: answer.statusCode ?? 0,
            headers: answered,
            body: parsed,
            text: received,
          });
        });
      });
      sent.on('error', reject).end(text);
    });
  }

  test("is sent to the leader's", async () => {
    const reply = await askAs('https://two.example', 'https://one.example');
    expect(reply.status).toBe(307);
    expect(reply.headers.get('location')).toMatch(/^https:\/\/one\.example\/api\/appointments\?/);
  });

  test('is sent nowhere when the leader has none, or only over http', async () => {
    expectRefused(await askAs('https://two.example', null), 503, 'no_leader');
    expectRefused(await askAs('https://two.example', 'http://one.example'), 503, 'no_leader');
  });
});

test('no password, token or ticket reaches the log', async () => {
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
