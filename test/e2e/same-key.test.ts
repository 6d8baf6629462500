import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { must } from '../../src/base/assert.ts';
import { eventually } from '../support/eventually.ts';
import { call, hourOf2027, register } from './api-client.ts';
import { ProcessCluster } from './process-cluster.ts';

/** A write that is sent again and again, each time to the letter. */
interface Write {
  readonly method: 'POST' | 'PUT';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** What must be the same each time; null: there is no such header. */
interface Written {
  readonly status: number;
  readonly etag: string | null;
  readonly location: string | null;
  readonly bytes: string;
}

interface Reached {
  readonly written: Written;
  readonly is_replayed: boolean;
}

const AGENDA = '/api/agenda?start=2027-01-01T00:00:00Z&end=2028-01-01T00:00:00Z';

describe('one key through a redirect, after a killed leader, and after a restart of all', () => {
  let cluster: ProcessCluster;
  let token: string;

  beforeAll(async () => {
    cluster = await ProcessCluster.create({ size: 5 });
    cluster.startAll();
    await cluster.awaitLeader();
    token = await register(cluster.origin(0), 'ana');
  }, 120_000);
  afterAll(() => cluster.dispose(), 60_000);

  test('one appointment, and the same answer each time', async () => {
    const title = 'Once';
    const create: Write = {
      method: 'POST',
      path: '/api/appointments',
      headers: { 'idempotency-key': 'the one key' },
      body: { title, ...hourOf2027(1) },
    };
    const [first_follower = 0, ...other_followers] = followersOf(await cluster.awaitLeader());
    const created = await writeThrough(first_follower, create);
    expect(created).toEqual({
      written: expect.objectContaining({ status: 201, etag: '"1"' }),
      is_replayed: false,
    });
    const { location } = created.written;
    expect(location).toMatch(/^\/api\/appointments\/apt_/);

    const change: Write = {
      method: 'PUT',
      path: location ?? '',
      headers: { 'idempotency-key': 'the one key', 'if-match': '"1"' },
      body: { title, description: 'changed', ...hourOf2027(1) },
    };
    const changed = await writeThrough(first_follower, change);
    expect(changed).toEqual({
      written: expect.objectContaining({ status: 200, etag: '"2"' }),
      is_replayed: false,
    });

    const killed = await cluster.awaitLeader();
    await cluster.kill(killed);
    const next_leader = await cluster.awaitLeader();
    const other_follower = other_followers.find(
      (position) => position !== killed && position !== next_leader,
    );
    await expectReplays(must(other_follower, 'five replicas, and no follower left'));

    await Promise.all(cluster.positions.map((position) => cluster.kill(position)));
    cluster.startAll();
    const [follower = 0] = followersOf(await cluster.awaitLeader());
    await expectReplays(follower);

    await cluster.awaitEqualIndex();
    for (const position of cluster.positions) {
      const agenda = await call(cluster.origin(position), 'GET', AGENDA, { token });
      expect(agenda.status).toBe(200);
      expect(agenda.body['items']).toEqual([
        expect.objectContaining({ title, description: 'changed', version: 2 }),
      ]);
    }

    async function expectReplays(position: number): Promise<void> {
      expect(await writeThrough(position, create)).toEqual({ ...created, is_replayed: true });
      expect(await writeThrough(position, change)).toEqual({ ...changed, is_replayed: true });
      // Without the key that was remembered, the same request has lost its race.
      const headers = { 'if-match': '"1"', 'idempotency-key': 'another key' };
      const late = await writeThrough(position, { ...change, headers });
      expect(late.written.status).toBe(412);
    }
  }, 240_000);

  function followersOf(leader: number): number[] {
    return cluster.positions.filter((position) => position !== leader);
  }

  /**
   * Sends it to a follower, which must redirect it, and to where that leads. A 503 promises that nothing
   * was done: then it is sent again.
   */
  async function writeThrough(follower: number, write: Write): Promise<Reached> {
    return eventually('an answer of the leader', async () => {
      const redirect = await send(`${cluster.origin(follower)}${write.path}`, write, {
        authorization: `Bearer ${token}`,
      });
      if (redirect.status === 503) return null;
      if (redirect.status !== 307) return reached(redirect);
      const target = redirect.headers.get('location') ?? '';
      // The ticket in the Location stands for the token.
      const response = await send(target, write, {});
      return response.status === 503 ? null : reached(response);
    });
  }

  async function reached(response: Response): Promise<Reached> {
    const { status, headers } = response;
    return {
      written: {
        status,
        etag: headers.get('etag'),
        location: headers.get('location'),
        bytes: Buffer.from(await response.arrayBuffer()).toString('base64'),
      },
      is_replayed: headers.get('idempotency-replayed') === 'true',
    };
  }

  function send(
    url: string,
    { method, headers, body }: Write,
    more: Readonly<Record<string, string>>,
  ): Promise<Response> {
    return fetch(url, {
      method,
      headers: { 'content-type': 'application/json', ...headers, ...more },
      body: JSON.stringify(body),
      redirect: 'manual',
      signal: AbortSignal.timeout(10_000),
    });
  }
});
