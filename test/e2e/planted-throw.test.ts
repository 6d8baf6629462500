import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fileURLToPath } from 'node:url';
import { call, hourOf2027, register } from './api-client.ts';
import { ProcessCluster } from './process-cluster.ts';

describe('a command whose rule throws', () => {
  let cluster: ProcessCluster;

  beforeAll(async () => {
    const program = fileURLToPath(new URL('planted-throw-program.mjs', import.meta.url));
    cluster = await ProcessCluster.create({ size: 7, program });
    cluster.startAll();
    await cluster.awaitLeader();
  }, 120_000);

  afterAll(() => cluster.dispose(), 60_000);

  test('answers 500, changes nothing, and leaves seven equal digests and a serving cluster', async () => {
    const token = await register(cluster.origin(0), 'thrower');
    const book = (title: string, hour: number): ReturnType<typeof call> =>
      call(cluster.origin(hour % 7), 'POST', '/api/appointments', {
        token,
        body: { title, ...hourOf2027(hour) },
      });
    expect((await book('before', 1)).status).toBe(201);
    for (const hour of [2, 3, 4]) {
      const thrown = await book('planted throw', hour);
      expect([thrown.status, thrown.body['code']]).toEqual([500, 'internal_error']);
      expect(JSON.stringify(thrown.body)).not.toContain('planted defect');
    }
    expect((await book('after', 5)).status).toBe(201);

    const states = await cluster.awaitEqualIndex();
    expect(new Set(states.map((state) => state.digest)).size).toBe(1);
    for (const position of cluster.positions) {
      expect(cluster.isRunning(position)).toBe(true);
      expect((await cluster.get(position, '/readyz')).status).toBe(200);
      const agenda = await call(
        cluster.origin(position),
        'GET',
        '/api/agenda?start=2027-01-01T00:00:00Z&end=2027-02-01T00:00:00Z',
        { token },
      );
      const titles = (agenda.body['items'] as { title: string }[]).map((item) => item.title);
      expect(titles).toEqual(['before', 'after']);
    }

    // The log replays the same way after a restart.
    await Promise.all(cluster.positions.map((position) => cluster.kill(position)));
    cluster.startAll();
    await cluster.awaitLeader();
    const again = await cluster.awaitEqualIndex();
    expect(new Set(again.map((state) => state.digest)).size).toBe(1);
  }, 180_000);
});
