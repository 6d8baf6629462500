import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { agenda } from './agenda-command.ts';
import { call, hourOf2027, register } from './api-client.ts';
import { ProcessCluster } from './process-cluster.ts';

const HOURS = 12;

describe('a majority that is lost for ever', () => {
  let cluster: ProcessCluster;
  let token: string;

  beforeAll(async () => {
    cluster = await ProcessCluster.create({ size: 5 });
    cluster.startAll();
    await cluster.awaitLeader();
    token = await register(cluster.origin(0), 'mourner');
  }, 120_000);

  afterAll(() => cluster.dispose(), 60_000);

  function book(position: number, hour: number): ReturnType<typeof call> {
    return call(cluster.origin(position), 'POST', '/api/appointments', {
      token,
      headers: { 'idempotency-key': `hour-${hour}` },
      body: { title: `hour ${hour}`, ...hourOf2027(hour) },
    });
  }

  async function titles(position: number): Promise<readonly string[] | null> {
    const path = '/api/agenda?start=2027-01-01T00:00:00Z&end=2027-02-01T00:00:00Z';
    const answer = await call(cluster.origin(position), 'GET', path, { token });
    if (answer.status !== 200) return null;
    return (answer.body['items'] as { title: string }[]).map(({ title }) => title);
  }

  test('two survivors of five are made a cluster again, and have all they had', async () => {
    for (let hour = 1; hour <= HOURS; hour += 1) {
      expect((await book(hour % 5, hour)).status).toBe(201);
    }
    const [state] = await cluster.awaitEqualIndex();
    const leader = await cluster.awaitLeader();
    const others = cluster.positions.filter((position) => position !== leader);
    // The leader is among the dead.
    const dead = [leader, ...others.slice(0, 2)];
    const survivors = others.slice(2);
    await Promise.all(dead.map((position) => cluster.kill(position)));
    for (const position of dead) cluster.wipe(position);

    const data = survivors.flatMap((position) => ['--data', cluster.dataDirectory(position)]);
    const running = await agenda(['recover', ...data, '--yes']);
    expect([running.code, running.stdout]).toEqual([2, '']);
    expect(running.stderr).toContain('stop the replica first');
    await Promise.all(survivors.map((position) => cluster.kill(position, 'SIGTERM')));

    const declined = await agenda(['recover', ...data], { input: 'perhaps\n' });
    expect([declined.code, declined.stderr]).toEqual([1, '']);
    expect(declined.stdout).toContain('Nothing was changed.');
    const nobody = await agenda(['recover', ...data]);
    expect([nobody.code, nobody.stderr]).toEqual([1, '']);
    const shown = await agenda(['recover', '--show', ...data]);
    expect(shown.code).toBe(0);
    for (const position of dead) {
      expect(shown.stdout).toMatch(new RegExp(`Given up for ever:.*${cluster.nodeId(position)}`));
    }
    expect(shown.stdout).toContain('May be lost');

    const recovered = await agenda(['recover', ...data], { input: 'yes\n' });
    expect([recovered.code, recovered.stderr]).toEqual([0, '']);
    for (const position of survivors) cluster.start(position);
    for (const position of survivors) {
      const found = await eventually('what they had', () => titles(position));
      expect(found).toHaveLength(HOURS);
    }
    const [first = 0, second = 0] = survivors;
    expect((await book(first, 100)).status).toBe(201);
    // A write from before, asked again, is still the same one.
    expect((await book(second, 1)).status).toBe(201);
    const states = await cluster.awaitEqualIndex(survivors);
    expect(new Set(states.map(({ digest }) => digest)).size).toBe(1);
    for (const { term, voters } of states) {
      expect(term).toBeGreaterThan(state?.term ?? 0);
      expect([...voters].sort()).toEqual(survivors.map((one) => cluster.nodeId(one)).sort());
    }
    expect(await titles(second)).toHaveLength(HOURS + 1);
    const at = ['--at', `127.0.0.1:${cluster.ports[first]}`];
    const check = await agenda(['check', '--deep', ...at]);
    expect(check.stdout).toContain('All 2 replicas have the same state.');
    expect(check.code).toBe(0);

    // It is a majority now: there is nothing to recover from.
    await Promise.all(survivors.map((position) => cluster.kill(position, 'SIGTERM')));
    const needless = await agenda(['recover', ...data, '--yes']);
    expect(needless.code).toBe(1);
    expect(needless.stderr).toContain('are a majority');
  }, 180_000);

  test('what is no data directory of a replica is told', async () => {
    const none = await agenda(['recover', '--data', cluster.directory]);
    expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('raft.db')]);
    const nothing = await agenda(['recover']);
    expect([nothing.code, nothing.stderr]).toEqual([2, expect.stringContaining('--data')]);
  }, 30_000);
});
