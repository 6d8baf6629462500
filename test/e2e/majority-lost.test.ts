import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { call, hourOf2027, register } from './api-client.ts';
import { eventually } from '../support/eventually.ts';
import { ProcessCluster } from './process-cluster.ts';

describe('four of seven replicas killed', () => {
  let cluster: ProcessCluster;
  let token: string;

  beforeAll(async () => {
    cluster = await ProcessCluster.create({ size: 7 });
    cluster.startAll();
    await cluster.awaitLeader();
    token = await register(cluster.origin(0), 'survivor');
  }, 120_000);

  afterAll(() => cluster.dispose(), 60_000);

  const agenda = '/api/agenda?start=2027-01-01T00:00:00Z&end=2027-02-01T00:00:00Z';

  function book(position: number, hour: number): ReturnType<typeof call> {
    return call(cluster.origin(position), 'POST', '/api/appointments', {
      token,
      headers: { 'idempotency-key': `hour-${hour}` },
      body: { title: `hour ${hour}`, ...hourOf2027(hour) },
    });
  }

  test('writes are refused in time, local reads go on, and all is back with the majority', async () => {
    expect((await book(0, 1)).status).toBe(201);
    await cluster.awaitEqualIndex();

    const leader = await cluster.awaitLeader();
    // The leader survives: it must notice by itself that nobody answers.
    const followers = cluster.positions.filter((position) => position !== leader);
    const killed = followers.slice(0, 4);
    const survivors = [leader, ...followers.slice(4)];
    await Promise.all(killed.map((position) => cluster.kill(position)));

    for (const position of survivors) {
      const asked_at = Date.now();
      const write = await book(position, 2);
      expect([503, 504]).toContain(write.status);
      expect(Date.now() - asked_at).toBeLessThan(5_000);
      expect(write.headers.get('content-type')).toContain('application/problem+json');
      if (write.status === 503) expect(write.headers.get('retry-after')).not.toBeNull();

      const read = await call(cluster.origin(position), 'GET', agenda, { token });
      expect([read.status, read.body['code']]).toEqual([503, 'no_quorum']);

      const local = await call(cluster.origin(position), 'GET', `${agenda}&consistency=local`, {
        token,
      });
      expect(local.status).toBe(200);
      expect((local.body['items'] as unknown[]).length).toBe(1);
      expect(local.headers.get('agenda-stale-ms')).toMatch(/^(\d+|unknown)$/);

      const log_in = await call(cluster.origin(position), 'POST', '/login', {
        body: { username: 'survivor', password: 'an uncommon password for tests' },
      });
      expect(log_in.status).toBe(200);
      expect((await cluster.get(position, '/livez')).status).toBe(200);
      expect((await cluster.get(position, '/readyz')).status).toBe(503);
    }

    for (const position of killed) cluster.start(position);
    await cluster.awaitLeader();
    for (const position of cluster.positions) {
      const answer = await eventually('the same write again', async () => {
        const retried = await book(position, 2);
        return retried.status === 201 ? retried : null;
      });
      expect(answer.body['title']).toBe('hour 2');
      const read = await call(cluster.origin(position), 'GET', agenda, { token });
      expect(read.status).toBe(200);
      expect((read.body['items'] as unknown[]).length).toBe(2);
    }
    const states = await cluster.awaitEqualIndex();
    expect(new Set(states.map((state) => state.digest)).size).toBe(1);
  }, 180_000);
});
