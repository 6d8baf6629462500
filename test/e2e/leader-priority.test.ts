import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fileURLToPath } from 'node:url';
import { eventually } from '../support/eventually.ts';
import { call, hourOf2027, register } from './api-client.ts';
import { ProcessCluster } from './process-cluster.ts';

const PRIORITIES = [0, 5, 9] as const;
const SECOND = 1;
const HIGHEST = 2;

describe('three replicas with a LEADER_PRIORITY each', () => {
  let cluster: ProcessCluster;
  let token: string;
  let booked = 0;

  beforeAll(async () => {
    cluster = await ProcessCluster.create({
      size: 3,
      program: fileURLToPath(new URL('short-priority-pause-program.mjs', import.meta.url)),
      environment: (position) => ({ LEADER_PRIORITY: String(PRIORITIES[position] ?? 0) }),
    });
    cluster.startAll();
    token = await register(cluster.origin(await cluster.awaitLeader()), 'booker');
  }, 120_000);

  afterAll(() => cluster.dispose(), 60_000);

  /** Until a replica leads by its own word, in the term told; all is acknowledged at the first attempt. */
  async function bookUntilItLeads(position: number): Promise<number> {
    const statuses: number[] = [];
    const leads_in = await eventually(`${cluster.nodeId(position)} leads`, async () => {
      booked += 1;
      const answer = await call(cluster.origin(SECOND), 'POST', '/api/appointments', {
        token,
        body: { title: `hour ${booked}`, ...hourOf2027(booked) },
      });
      statuses.push(answer.status);
      const { role, term } = await cluster.raftState(position);
      return role === 'leader' ? term : null;
    });
    expect(statuses.filter((status) => status !== 201)).toEqual([]);
    return leads_in;
  }

  test('the highest of those that are there leads in the end, by transfer: no write fails of it', async () => {
    await bookUntilItLeads(HIGHEST);
    await cluster.kill(HIGHEST);
    // Whoever wins the election: of the two that are left this one should lead.
    await cluster.awaitLeader();
    const term = await bookUntilItLeads(SECOND);

    cluster.start(HIGHEST);
    // One term later: it was asked to stand at once, and nobody waited for a timeout.
    expect(await bookUntilItLeads(HIGHEST)).toBe(term + 1);
    const states = await cluster.awaitEqualIndex();
    expect(new Set(states.map((state) => state.digest)).size).toBe(1);
    expect(states.map(({ leader_id }) => leader_id)).toEqual(
      states.map(() => cluster.nodeId(HIGHEST)),
    );
  }, 180_000);
});
