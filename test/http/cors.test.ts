import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FakeApis, meeting } from './api-fixture.ts';
import type { Reply } from './api-fixture.ts';

/** Node 0 leads; the page is that of node 1, which follows. */
let apis: FakeApis;
let token: string;
let origin: string;

beforeEach(async () => {
  apis = await FakeApis.start(3);
  token = await apis.register('ana');
  origin = apis.node(1).origin;
  apis.state.commands.length = 0;
});
afterEach(() => apis.stop());

const EXPOSED = 'ETag, Location, Retry-After, Agenda-Index, Agenda-Stale-Ms, X-Request-Id';

function expectReadable(reply: Reply): void {
  expect(reply.headers.get('access-control-allow-origin')).toBe(origin);
  expect(reply.headers.get('access-control-expose-headers')).toBe(EXPOSED);
  expect(reply.headers.get('vary')).toContain('Origin');
}

function preflight(path: string, from = origin, at = 0): Promise<Reply> {
  const headers = {
    origin: from,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'agenda-routing,authorization,content-type',
  };
  return apis.call('OPTIONS', path, { at, headers });
}

describe("CORS admits the origins of the cluster's replicas", () => {
  test('with the headers Authorization, Content-Type, If-Match, Idempotency-Key, Agenda-Routing', async () => {
    const reply = await preflight('/api/appointments');
    expect(reply.status).toBe(204);
    expect(reply.headers.get('access-control-allow-headers')).toBe(
      'Authorization, Content-Type, If-Match, Idempotency-Key, Agenda-Routing',
    );
    expect(reply.headers.get('access-control-allow-methods')).toBe('GET, POST, PUT, PATCH, DELETE');
    expect(reply.headers.get('access-control-allow-origin')).toBe(origin);
  });

  test('by ADVERTISE_ADDR, by PUBLIC_URL, and by all names of loopback', async () => {
    const [address] = apis.addresses;
    if (address !== undefined) {
      apis.addresses[0] = { ...address, public_url: 'https://one.example' };
    }
    const { port } = new URL(origin);
    for (const admitted of [origin, `http://localhost:${port}`, 'https://one.example']) {
      const reply = await preflight('/api/appointments', admitted);
      expect([reply.status, reply.headers.get('access-control-allow-origin')]).toEqual([
        204,
        admitted,
      ]);
    }
  });

  test('and no others', async () => {
    const { port } = new URL(origin);
    for (const other of ['http://evil.test', `https://localhost:${port}`, 'null', `${origin}0`]) {
      const reply = await preflight('/api/appointments', other);
      expect(reply.headers.get('access-control-allow-origin')).toBeNull();
      expect(reply.headers.get('access-control-allow-headers')).toBeNull();
    }
  });
});

describe('a page that is redirected between replicas that are not its own has the origin null', () => {
  async function location(): Promise<string> {
    const options = { at: 1, token, body: meeting(9) };
    const reply = await apis.call('POST', '/api/appointments', options);
    return String(reply.headers.get('location'));
  }

  test('it is admitted with a genuine ticket', async () => {
    const url = await location();
    const { pathname, search } = new URL(url);
    const reply = await preflight(`${pathname}${search}`, 'null');
    expect([reply.status, reply.headers.get('access-control-allow-origin')]).toEqual([204, 'null']);
    const headers = { origin: 'null' };
    const done = await apis.call('POST', url, { body: meeting(9), headers });
    expect([done.status, done.headers.get('access-control-allow-origin')]).toEqual([201, 'null']);
  });

  test('and with no other', async () => {
    const { pathname, search } = new URL(await location());
    for (const query of ['', '?ticket=', '?ticket=a.b', `${search.slice(0, -3)}AAA`]) {
      const reply = await preflight(`${pathname}${query}`, 'null');
      expect(reply.headers.get('access-control-allow-origin')).toBeNull();
    }
    apis.clock_offset_ms = 30_000;
    const late = await preflight(`${pathname}${search}`, 'null');
    expect(late.headers.get('access-control-allow-origin')).toBeNull();
  });
});

describe('exposes ETag, Location, Retry-After, Agenda-Index, Agenda-Stale-Ms, X-Request-Id', () => {
  test('of what is done', async () => {
    const options = { token, body: meeting(9), headers: { origin } };
    expectReadable(await apis.call('POST', '/api/appointments', options));
    expectReadable(
      await apis.call('GET', '/api/me?consistency=local', { token, headers: { origin } }),
    );
  });

  test('on the 307 itself', async () => {
    const options = { at: 1, token, body: meeting(9), headers: { origin } };
    const reply = await apis.call('POST', '/api/appointments', options);
    expect(reply.status).toBe(307);
    expectReadable(reply);
  });

  test('on refusals and errors', async () => {
    const headers = { origin };
    expectReadable(await apis.call('POST', '/api/appointments', { headers, body: {} }));
    expectReadable(await apis.call('GET', '/api/me', { headers }));
    expectReadable(await apis.call('GET', '/nowhere', { headers }));
    apis.node(0).replica.has_quorum = false;
    expectReadable(await apis.call('GET', '/api/me', { token, headers }));
    apis.node(0).replica.propose = () => Promise.reject(new Error('a defect'));
    const options = { token, body: meeting(9), headers };
    expectReadable(await apis.call('POST', '/api/appointments', options));
  });
});

describe('preflights use up nothing', () => {
  test('no ticket, no read index, no proposal, and they are answered by every replica', async () => {
    let barriers = 0;
    const body = meeting(9);
    const redirect = await apis.call('POST', '/api/appointments', { at: 1, token, body });
    const location = String(redirect.headers.get('location'));
    for (const node of apis.nodes) node.replica.onBarrier = () => void (barriers += 1);
    apis.state.leader_id = null;
    for (const at of [0, 1, 2]) {
      expect((await preflight('/api/appointments', origin, at)).status).toBe(204);
      expect((await preflight('/api/me', origin, at)).status).toBe(204);
    }
    const { pathname, search } = new URL(location);
    for (let count = 0; count < 3; count += 1) {
      expect((await preflight(`${pathname}${search}`)).status).toBe(204);
    }
    expect(barriers).toBe(0);
    apis.state.leader_id = 'agenda-1';
    const first = await apis.call('POST', location, { body, headers: { origin } });
    expect([first.status, first.headers.get('idempotency-replayed')]).toEqual([201, null]);
    expect(apis.state.commands).toHaveLength(1);
  });

  test('no rate limit', async () => {
    for (let count = 0; count < 200; count += 1) {
      expect((await preflight('/login')).status).toBe(204);
    }
    const { username, password } = { username: 'ana', password: 'an uncommon password' };
    const login = { body: { username, password }, headers: { origin } };
    expect((await apis.call('POST', '/login', login)).status).toBe(200);
  });
});
