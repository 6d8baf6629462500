import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { call, good_password, register } from './api-client.ts';
import { ProcessCluster } from './process-cluster.ts';

const LOG_INS = 200;

describe('a storm of log-ins on three replicas', () => {
  let cluster: ProcessCluster;

  beforeAll(async () => {
    cluster = await ProcessCluster.create({ size: 3 });
    cluster.startAll();
    await cluster.awaitLeader();
  }, 120_000);

  afterAll(() => cluster.dispose(), 60_000);

  async function whoLeads() {
    await cluster.awaitLeader();
    const states = await Promise.all(cluster.positions.map((one) => cluster.raftState(one)));
    return states.map(({ term, leader_id }) => ({ term, leader_id }));
  }

  async function leaderChanges(): Promise<unknown[]> {
    return Promise.all(
      cluster.positions.map(async (position) => {
        const metrics = await (await cluster.get(position, '/metrics')).text();
        return /^agenda_raft_leader_changes_total.* (\d+)$/m.exec(metrics)?.[1];
      }),
    );
  }

  /** Too many at once is 503 and sent again, as any client would. */
  async function logIn(position: number): Promise<void> {
    for (;;) {
      const answer = await call(cluster.origin(position), 'POST', '/login', {
        body: { username: 'ana', password: good_password },
        timeout_ms: 30_000,
      });
      if (answer.status === 200) return;
      expect([answer.status, answer.body['code']]).toEqual([503, 'overloaded']);
      await sleep(1_000);
    }
  }

  test.each(['the leader', 'all replicas'])(
    'hundreds at once at %s delay no heartbeat: term and leader stay',
    async (where) => {
      const leader = await cluster.awaitLeader();
      if (where === 'the leader') await register(cluster.origin(leader), 'ana');
      await cluster.awaitEqualIndex();
      const before = [await whoLeads(), await leaderChanges()];
      await Promise.all(
        Array.from({ length: LOG_INS }, (_, at) =>
          logIn(where === 'the leader' ? leader : at % cluster.size),
        ),
      );
      expect([await whoLeads(), await leaderChanges()]).toEqual(before);
    },
    120_000,
  );
});
