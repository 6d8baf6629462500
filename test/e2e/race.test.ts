import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { call, hourOf2027, register } from './api-client.ts';
import { ProcessCluster } from './process-cluster.ts';

const SLOTS = 1_000;
const SLOTS_AT_ONCE = 20;

describe('a race for one slot on seven real replicas', () => {
  let cluster: ProcessCluster;
  let token: string;

  beforeAll(async () => {
    cluster = await ProcessCluster.create({ size: 7 });
    cluster.startAll();
    const leader = await cluster.awaitLeader();
    token = await register(cluster.origin(leader), 'ana');
  }, 120_000);
  afterAll(() => cluster.dispose(), 60_000);

  async function book(position: number, slot: number, title: string): Promise<number> {
    const answer = await call(cluster.origin(position), 'POST', '/api/appointments', {
      token,
      body: { title, ...hourOf2027(slot) },
      timeout_ms: 60_000,
    });
    if (answer.status === 409) expect(answer.body['code']).toBe('conflict');
    return answer.status;
  }

  /** Two clients at two replicas, which are others for each slot. */
  function race(slot: number): Promise<number[]> {
    const one = slot % cluster.size;
    const other = (one + 1 + (slot % (cluster.size - 1))) % cluster.size;
    return Promise.all([book(one, slot, 'one'), book(other, slot, 'other')]);
  }

  test(`two clients through two replicas, ${SLOTS} times: exactly one 201 each`, async () => {
    const results = new Map<number, number[]>();
    const slots = Array.from({ length: SLOTS }, (_, slot) => slot).values();
    async function runner(): Promise<void> {
      for (const slot of slots) results.set(slot, await race(slot));
    }
    await Promise.all(Array.from({ length: SLOTS_AT_ONCE }, runner));
    const others = [...results].filter(
      ([, [one, other]]) => !(one === 201 && other === 409) && !(one === 409 && other === 201),
    );
    expect(others).toEqual([]);
    expect(results.size).toBe(SLOTS);

    const { body } = await call(
      cluster.origin(3),
      'GET',
      '/api/agenda?start=2027-01-01T00:00:00Z&end=2027-12-31T00:00:00Z',
      { token, timeout_ms: 60_000 },
    );
    expect(body['items']).toHaveLength(SLOTS);
    const states = await cluster.awaitEqualIndex();
    expect(new Set(states.map((state) => state.digest)).size).toBe(1);
  }, 300_000);
});
