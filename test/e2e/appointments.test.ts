import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { call, hourOf2027, register } from './api-client.ts';
import type { Answer } from './api-client.ts';
import { ProcessCluster } from './process-cluster.ts';

describe('a personal appointment on three real replicas', () => {
  let cluster: ProcessCluster;
  let token: string;
  /** The leader is the last. */
  let order: readonly number[];

  beforeAll(async () => {
    cluster = await ProcessCluster.create({ size: 3 });
    cluster.startAll();
    const leader = await cluster.awaitLeader();
    token = await register(cluster.origin(leader), 'ana');
    order = [...cluster.positions.filter((position) => position !== leader), leader];
  }, 120_000);
  afterAll(() => cluster.dispose(), 60_000);

  /** At the nth replica, the followers first. */
  function at(
    nth: number,
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const position = order[nth % order.length] ?? 0;
    return call(cluster.origin(position), method, path, {
      token,
      headers,
      timeout_ms: 30_000,
      ...(body === undefined ? {} : { body }),
    });
  }

  async function expectEqualDigests(): Promise<void> {
    const states = await cluster.awaitEqualIndex();
    expect(new Set(states.map((state) => state.digest)).size).toBe(1);
  }

  test.each(['redirect', 'forward'])(
    'is created, replaced, patched, cancelled and restored through followers: %s',
    async (routing) => {
      const headers = { 'agenda-routing': routing };
      const hour = routing === 'redirect' ? 0 : 10;
      const created = await at(
        0,
        'POST',
        '/api/appointments',
        { title: 'First', ...hourOf2027(hour) },
        headers,
      );
      expect([created.status, created.headers.get('etag')]).toEqual([201, '"1"']);
      const path = String(created.headers.get('location'));
      const moved = hourOf2027(hour + 1);
      const with_version = (version: number) => ({ ...headers, 'if-match': `"${version}"` });

      const put = await at(1, 'PUT', path, { title: 'Second', ...moved }, with_version(1));
      expect(put).toMatchObject({ status: 200, body: { title: 'Second', sequence: 1 } });
      const lost = await at(0, 'PATCH', path, { title: 'Lost' }, with_version(1));
      expect(lost).toMatchObject({ status: 412, body: { code: 'precondition_failed' } });
      const patch = await at(0, 'PATCH', path, { description: 'Text' }, with_version(2));
      expect(patch).toMatchObject({ status: 200, body: { title: 'Second', version: 3 } });
      const deleted = await at(1, 'DELETE', path, undefined, with_version(3));
      expect([deleted.status, deleted.body]).toEqual([204, {}]);
      const restored = await at(0, 'POST', `${path}/restore`, undefined, headers);
      expect(restored).toMatchObject({ status: 200, body: { status: 'accepted', version: 5 } });

      for (const nth of [0, 1, 2]) {
        const read = await at(nth, 'GET', path);
        expect(read.headers.get('etag')).toBe('"5"');
        expect(read.body['appointment']).toEqual(restored.body);
      }
      await expectEqualDigests();
    },
    120_000,
  );

  test('patches of different fields through all replicas at once: none is lost', async () => {
    const created = await at(0, 'POST', '/api/appointments', {
      title: 'Start',
      ...hourOf2027(100),
    });
    const path = String(created.headers.get('location'));
    const patches = [
      { title: 'Together' },
      { description: 'By everybody' },
      { privacy: 'freebusy' },
      { busy: false },
      { time_zone: 'Asia/Tokyo' },
      { end: hourOf2027(101).end },
    ];
    const answers = await Promise.all(
      patches.map((patch, nth) => at(nth, 'PATCH', path, patch, { 'agenda-routing': 'forward' })),
    );
    expect(answers.map((answer) => answer.status)).toEqual(patches.map(() => 200));
    const versions = answers.map((answer) => answer.body['version'] as number);
    expect(versions.toSorted((one, other) => one - other)).toEqual([2, 3, 4, 5, 6, 7]);
    const { appointment } = (await at(1, 'GET', path)).body;
    expect(appointment).toMatchObject({
      title: 'Together',
      description: 'By everybody',
      privacy: 'freebusy',
      busy: false,
      time_zone: 'Asia/Tokyo',
      version: 7,
    });
    // Each answer shows its own change at its own version.
    for (const [nth, answer] of answers.entries()) {
      const { end: _end, ...plain } = patches[nth] as Record<string, unknown>;
      expect(answer.body).toMatchObject(plain);
      expect(answer.headers.get('etag')).toBe(`"${String(versions[nth])}"`);
    }
    await expectEqualDigests();
  }, 120_000);

  test('a retry gets the first answer, across later changes, restarts and replicas', async () => {
    const created = await at(0, 'POST', '/api/appointments', { title: 'One', ...hourOf2027(200) });
    const path = String(created.headers.get('location'));
    const key = { 'idempotency-key': 'a retry', 'if-match': '"1"' };
    const put = { title: 'Two', ...hourOf2027(201) };
    const first = await at(1, 'PUT', path, put, key);
    expect(first.status).toBe(200);
    await at(0, 'PATCH', path, { title: 'Three' });
    await at(1, 'DELETE', path);

    await Promise.all(cluster.positions.map((position) => cluster.kill(position)));
    cluster.startAll();
    await cluster.awaitLeader();
    for (const nth of [0, 1, 2]) {
      const again = await at(nth, 'PUT', path, put, key);
      expect(again.headers.get('idempotency-replayed')).toBe('true');
      expect(again.headers.get('etag')).toBe(first.headers.get('etag'));
      expect([again.status, again.body]).toEqual([200, first.body]);
    }
    const { appointment } = (await at(0, 'GET', path)).body;
    expect(appointment).toMatchObject({ title: 'Three', status: 'cancelled', version: 4 });
    await expectEqualDigests();
  }, 180_000);
});
