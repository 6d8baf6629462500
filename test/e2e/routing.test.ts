import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { call, hourOf2027, register } from './api-client.ts';
import { startBalancer } from './balancer.ts';
import { ProcessCluster } from './process-cluster.ts';

let cluster: ProcessCluster;
let token: string;
let next_hour = 0;

beforeAll(async () => {
  cluster = await ProcessCluster.create({ size: 3 });
  cluster.startAll();
  const leader = await cluster.awaitLeader();
  token = await register(cluster.origin(leader), 'ana');
}, 120_000);
afterAll(() => cluster.dispose());

function meeting() {
  next_hour += 1;
  return { title: `Meeting ${next_hour}`, ...hourOf2027(next_hour) };
}

async function followers(): Promise<number[]> {
  const leader = await cluster.awaitLeader();
  return cluster.positions.filter((position) => position !== leader);
}

async function countOf(title: string): Promise<number> {
  const path = '/api/agenda?start=2027-01-01T00:00:00Z&end=2028-01-01T00:00:00Z';
  const answer = await call(cluster.origin(await cluster.awaitLeader()), 'GET', path, { token });
  return (answer.body['items'] as { title: string }[]).filter((one) => one.title === title).length;
}

describe("Node's fetch, through every follower", () => {
  test.each(['127.0.0.1', 'localhost'])('by %s: redirected, and done', async (host) => {
    for (const follower of await followers()) {
      const origin = `http://${host}:${cluster.ports[follower]}`;
      const body = meeting();
      const created = await fetch(`${origin}/api/appointments`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      expect([created.status, created.redirected]).toEqual([201, true]);
      const { id } = (await created.json()) as { id: string };
      const path = `/api/appointments/${id}`;
      for (const [method, change] of [
        ['PUT', { ...body, title: `${body.title} again` }],
        ['PATCH', { description: 'more' }],
        ['DELETE', undefined],
      ] as const) {
        const answer = await call(origin, method, path, { token, body: change });
        expect([method, answer.status]).toEqual([method, method === 'DELETE' ? 204 : 200]);
        const index = answer.headers.get('agenda-index');
        expect(index).toMatch(/^\d+$/);
        const local = `${path}?consistency=local&min_index=${index}`;
        const read = await call(cluster.origin(follower), 'GET', local, { token });
        const appointment = read.body['appointment'] as { version: number; status: string };
        expect(`"${appointment.version}"`).toBe(answer.headers.get('etag'));
      }
    }
  });

  test('registering goes without ticket, logging out with one', async () => {
    const [follower = 0] = await followers();
    const own = await register(cluster.origin(follower), 'redirected');
    const options = { token: own };
    expect((await call(cluster.origin(follower), 'POST', '/api/auth/logout', options)).status).toBe(
      204,
    );
    for (const position of cluster.positions) {
      expect((await call(cluster.origin(position), 'GET', '/api/me', options)).status).toBe(401);
    }
  });
});

/** Another replica leads once this answers; the one that led goes on, and has yet to hear of it. */
async function moveLeader(): Promise<{ old_leader: number; new_leader: number }> {
  const old_leader = await cluster.awaitLeader();
  cluster.signal(old_leader, 'SIGSTOP');
  const others = cluster.positions.filter((position) => position !== old_leader);
  const new_leader = await eventually('another leader', async () => {
    const states = await Promise.all(others.map((position) => cluster.raftState(position)));
    const leader = states.find((state) => state.role === 'leader');
    return leader === undefined ? null : cluster.position(leader.node_id);
  });
  cluster.signal(old_leader, 'SIGCONT');
  return { old_leader, new_leader };
}

describe('curl -L', () => {
  const has_curl = spawnSync('curl', ['--version']).status === 0;
  if (!has_curl) console.log('skipped: there is no curl');
  const testWithCurl = has_curl ? test : test.skip;

  interface Told {
    readonly status: number;
    readonly redirects: number;
    readonly body: Record<string, unknown>;
  }

  async function curl(
    method: string,
    url: string,
    body?: unknown,
    more: Record<string, string> = {},
  ): Promise<Told> {
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      ...more,
    };
    const fields = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
    const data = body === undefined ? [] : ['--data', JSON.stringify(body)];
    const told = ['-w', '\n%{http_code} %{num_redirects}'];
    const given = ['-sS', '-L', '-X', method, ...fields, ...told, ...data, url];
    const { stdout } = await promisify(execFile)('curl', given);
    const end = stdout.lastIndexOf('\n');
    const [status, redirects] = stdout.slice(end).trim().split(' ').map(Number);
    const text = stdout.slice(0, end);
    return {
      status: status ?? 0,
      redirects: redirects ?? -1,
      body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
    };
  }

  /** Of every kind one; the changes with `If-Match` and a key, each of them twice. */
  async function expectWrites(origin: string, isExpected: (redirects: number) => boolean) {
    const body = meeting();
    const created = await curl('POST', `${origin}/api/appointments`, body);
    expect([created.status, created.body['title']]).toEqual([201, body.title]);
    const url = `${origin}/api/appointments/${String(created.body['id'])}`;
    const redirects = [created.redirects];
    for (const [method, change, if_match] of [
      ['PUT', { ...body, title: `${body.title} again` }, 1],
      ['PATCH', { description: 'more' }, 2],
    ] as const) {
      const headers = {
        'if-match': `"${if_match}"`,
        'idempotency-key': `curl ${method} ${body.title}`,
      };
      const changed = await curl(method, url, change, headers);
      expect([method, changed.status, changed.body]).toEqual([
        method,
        200,
        expect.objectContaining({
          ...change,
          start: created.body['start'],
          end: created.body['end'],
          version: if_match + 1,
        }),
      ]);
      const again = await curl(method, url, change, headers);
      expect([method, again.status, again.body]).toEqual([method, 200, changed.body]);
      const late = await curl(method, url, change, { 'if-match': `"${if_match}"` });
      expect([method, late.status]).toEqual([method, 412]);
      redirects.push(changed.redirects, again.redirects);
    }
    const deleted = await curl('DELETE', url);
    expect(deleted.status).toBe(204);
    redirects.push(deleted.redirects);
    expect(redirects.filter((count) => !isExpected(count))).toEqual([]);
  }

  testWithCurl('through every follower keeps method, body, If-Match and key', async () => {
    for (const follower of await followers()) {
      await expectWrites(cluster.origin(follower), (redirects) => redirects === 1);
    }
  });

  testWithCurl('to the leader is served there', async () => {
    const leader = await cluster.awaitLeader();
    await expectWrites(cluster.origin(leader), (redirects) => redirects === 0);
  });

  testWithCurl(
    'to a node whose leader has just moved',
    async () => {
      for (const position of cluster.positions) {
        await moveLeader();
        await expectWrites(cluster.origin(position), (redirects) => redirects <= 1);
      }
    },
    120_000,
  );

  testWithCurl('through a load balancer is never redirected', async () => {
    const balancer = await startBalancer(cluster.ports);
    try {
      for (const _ of cluster.positions) {
        await expectWrites(balancer.origin, (redirects) => redirects === 0);
      }
      expect(Math.min(...balancer.counts)).toBeGreaterThan(0);
    } finally {
      await balancer.close();
    }
  });
});

describe('behind a load balancer', () => {
  test('every write succeeds, none is redirected, and what is written is read', async () => {
    const balancer = await startBalancer(cluster.ports);
    try {
      const own = await register(balancer.origin, 'balanced');
      const served_by = new Set<string | null>();
      for (let count = 0; count < 12; count += 1) {
        const body = meeting();
        const headers = { 'idempotency-key': `balanced ${count}` };
        const send = () =>
          call(balancer.origin, 'POST', '/api/appointments', { token: own, body, headers });
        const first = await send();
        expect(first.status).toBe(201);
        served_by.add(first.headers.get('agenda-served-by'));
        const again = await send();
        expect([again.status, again.body]).toEqual([201, first.body]);
        expect(again.headers.get('idempotency-replayed')).toBe('true');
        const path = `/api/appointments/${String(first.body['id'])}`;
        const changed = await call(balancer.origin, 'PATCH', path, {
          token: own,
          body: { title: 'Changed' },
          headers: { 'if-match': '"1"' },
        });
        expect([changed.status, changed.body['title']]).toEqual([200, 'Changed']);
        const late = await call(balancer.origin, 'PATCH', path, {
          token: own,
          body: { title: 'Late' },
          headers: { 'if-match': '"1"' },
        });
        expect([late.status, late.body['code']]).toEqual([412, 'precondition_failed']);
        const read = await call(balancer.origin, 'GET', path, { token: own });
        expect(read.body['appointment']).toMatchObject({ title: 'Changed', version: 2 });
      }
      // Some reached the leader itself, the others were forwarded to it.
      const leader = cluster.nodeId(await cluster.awaitLeader());
      expect(served_by).toEqual(new Set([leader, null]));
      expect(Math.min(...balancer.counts)).toBeGreaterThan(0);
    } finally {
      await balancer.close();
    }
  });
});

describe('LEADER_ROUTING', () => {
  test('forward: a follower forwards what came to itself, and counts it', async () => {
    const [follower = 0] = await followers();
    await cluster.kill(follower);
    cluster.start(follower, { LEADER_ROUTING: 'forward' });
    const answer = await eventually('the replica serves again', async () => {
      const body = meeting();
      const options = { token, body };
      return call(cluster.origin(follower), 'POST', '/api/appointments', options).catch(() => null);
    });
    expect([answer.status, answer.headers.get('agenda-served-by')]).toEqual([
      201,
      cluster.nodeId(await cluster.awaitLeader()),
    ]);
    const metrics = await (await cluster.get(follower, '/metrics')).text();
    expect(metrics).toMatch(/^agenda_forwarded_requests_total\{outcome="done"\} [1-9]/m);
    expect(cluster.log(follower)).not.toContain('LEADER_ROUTING');
    await cluster.kill(follower);
    cluster.start(follower);
    await cluster.awaitEqualIndex();
  });

  test('what is between replicas is signed, never with a JWT: it is 401', async () => {
    const leader = await cluster.awaitLeader();
    for (const line of [
      'POST /raft/request-vote',
      'POST /raft/append-entries',
      'POST /raft/read-index',
      'POST /raft/propose',
      'POST /cluster/identify',
      'POST /cluster/promise',
      'POST /cluster/join',
      'POST /cluster/leave',
      'GET /cluster/nodes',
    ]) {
      const [method = '', path = ''] = line.split(' ');
      const options = method === 'GET' ? { token } : { token, body: {} };
      const answer = await call(cluster.origin(leader), method, path, options);
      expect([line, answer.status, answer.body['code']]).toEqual([line, 401, 'unauthenticated']);
    }
  });
});

describe('a node whose leader has just moved', () => {
  async function redirectFrom(follower: number, body: unknown): Promise<string> {
    const response = await fetch(`${cluster.origin(follower)}/api/appointments`, {
      method: 'POST',
      redirect: 'manual',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    await response.arrayBuffer();
    expect(response.status).toBe(307);
    return String(response.headers.get('location'));
  }

  function follow(location: string, body: unknown) {
    const { origin, pathname, search } = new URL(location);
    return call(origin, 'POST', `${pathname}${search}`, { body });
  }

  test('a ticketed request that finds it no longer leading is forwarded, and done once', async () => {
    const leader = await cluster.awaitLeader();
    const [follower = 0] = await followers();
    const body = meeting();
    const location = await redirectFrom(follower, body);
    await moveLeader();
    const first = await follow(location, body);
    expect(first.status).toBe(201);
    expect(first.headers.get('agenda-served-by')).not.toBe(cluster.nodeId(leader));
    const second = await follow(location, body);
    expect([second.status, second.body]).toEqual([201, first.body]);
    expect(second.headers.get('idempotency-replayed')).toBe('true');
    expect(await countOf(body.title)).toBe(1);
  });

  test('Node’s fetch to the one that led is done, once', async () => {
    const { old_leader } = await moveLeader();
    const body = meeting();
    const options = { token, body };
    const answer = await call(cluster.origin(old_leader), 'POST', '/api/appointments', options);
    expect(answer.status).toBe(201);
    expect(await countOf(body.title)).toBe(1);
  });

  test('killed between the 307 and the request that follows it: the next try is done, once', async () => {
    const leader = await cluster.awaitLeader();
    const [follower = 0] = await followers();
    const body = meeting();
    const location = await redirectFrom(follower, body);
    await cluster.kill(leader);
    await expect(follow(location, body)).rejects.toThrow();
    const headers = { 'agenda-routing': 'forward' };
    const answer = await call(cluster.origin(follower), 'POST', '/api/appointments', {
      token,
      body,
      headers,
    });
    // It waits for the next leader within the deadline.
    expect(answer.status).toBe(201);
    expect(await countOf(body.title)).toBe(1);
    cluster.start(leader);
    await cluster.awaitEqualIndex();
  });

  test('killed under forwarded writes: what is acknowledged is there once, what is refused is not', async () => {
    const leader = await cluster.awaitLeader();
    const [follower = 0] = await followers();
    const headers = { 'agenda-routing': 'forward' };
    const sent: { title: string; status: number; code: unknown }[] = [];
    const over = new AbortController();
    const clients = Array.from({ length: 8 }, async () => {
      while (!over.signal.aborted) {
        const body = meeting();
        const options = { token, body, headers };
        const answer = await call(cluster.origin(follower), 'POST', '/api/appointments', options);
        sent.push({ title: body.title, status: answer.status, code: answer.body['code'] });
      }
    });
    const isDone = (count: number) => () =>
      Promise.resolve(sent.filter((one) => one.status === 201).length >= count ? true : null);
    await eventually('writes under way', isDone(20));
    await cluster.kill(leader);
    const until_then = sent.length;
    await eventually('writes at the next leader', isDone(until_then + 20));
    over.abort();
    await Promise.all(clients);
    cluster.start(leader);
    await cluster.awaitEqualIndex();
    const path = '/api/agenda?start=2027-01-01T00:00:00Z&end=2028-01-01T00:00:00Z';
    const agenda = await call(cluster.origin(follower), 'GET', path, { token });
    const titles = (agenda.body['items'] as { title: string }[]).map((one) => one.title);
    for (const { title, status, code } of sent) {
      const count = titles.filter((one) => one === title).length;
      if (status === 201) expect([title, count]).toEqual([title, 1]);
      else if (status === 503) expect([title, code, count]).toEqual([title, 'no_leader', 0]);
      else expect([title, status, code]).toEqual([title, 504, 'outcome_unknown']);
      expect(count).toBeLessThanOrEqual(1);
    }
  });
});
