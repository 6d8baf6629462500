import { afterEach, describe, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { register } from './api-client.ts';
import { eventually } from '../support/eventually.ts';
import { audit_token, ProcessCluster } from './process-cluster.ts';

describe('formation of a cluster of real processes', () => {
  let cluster: ProcessCluster;

  afterEach(() => cluster.dispose(), 60_000);

  async function clusterIds(): Promise<Set<unknown>> {
    const ids = await Promise.all(
      cluster.positions.map(async (position) => {
        const answer = await cluster.get(position, '/cluster/status', {
          'x-audit-token': audit_token,
        });
        return ((await answer.json()) as { cluster_id: unknown }).cluster_id;
      }),
    );
    for (const id of ids) expect(typeof id).toBe('string');
    return new Set(ids);
  }

  test('scenario 12: seven empty nodes, started in any order and in two halves, form one cluster', async () => {
    cluster = await ProcessCluster.create({ size: 7 });
    for (const position of [6, 2, 4]) cluster.start(position);
    for (const position of [6, 2, 4]) {
      await eventually('it answers', () => cluster.raftState(position));
    }
    await sleep(1_500);
    for (const position of [6, 2, 4]) {
      expect((await cluster.raftState(position)).last_index).toBe(0);
    }
    for (const position of [5, 1, 3, 0]) cluster.start(position);
    await cluster.awaitLeader();
    await cluster.awaitEqualIndex();
    expect((await clusterIds()).size).toBe(1);
    const before = await cluster.raftState(0);

    // Twice: what stands is found again, not formed anew.
    await Promise.all(cluster.positions.map((position) => cluster.kill(position)));
    for (const position of [3, 0, 6, 1, 5, 2, 4]) cluster.start(position);
    await cluster.awaitLeader();
    const states = await cluster.awaitEqualIndex();
    expect((await clusterIds()).size).toBe(1);
    expect(new Set(states.map((state) => JSON.stringify(state.voters))).size).toBe(1);
    expect(JSON.stringify(states[0]?.voters)).toBe(JSON.stringify(before.voters));
    expect(states[0]?.last_index).toBeGreaterThan(before.last_index);
  }, 180_000);

  test('scenario 13: a replica that lost its disk does not vote, even when its vote is needed', async () => {
    cluster = await ProcessCluster.create({ size: 3 });
    cluster.startAll();
    await cluster.awaitLeader();
    await register(cluster.origin(0), 'witness');
    await cluster.awaitEqualIndex();
    await Promise.all(cluster.positions.map((position) => cluster.kill(position)));

    cluster.wipe(0);
    cluster.start(0);
    cluster.start(1);
    // Two of three run, but one of them is nobody's voter: no leader may come of it.
    await eventually('the survivor stands for election', async () => {
      const state = await cluster.raftState(1);
      return state.role === 'candidate' ? state : null;
    });
    for (let look = 0; look < 30; look += 1) {
      await sleep(200);
      const [wiped, survivor] = await Promise.all([cluster.raftState(0), cluster.raftState(1)]);
      expect(wiped.role).toBe('learner');
      expect(wiped.last_index).toBe(0);
      expect(survivor.role).not.toBe('leader');
    }
    expect((await cluster.get(0, '/readyz')).status).toBe(503);

    cluster.start(2);
    const leader = await cluster.awaitLeader();
    expect([1, 2]).toContain(leader);
    const status = await cluster.get(leader, '/cluster/status', { 'x-audit-token': audit_token });
    expect(status.status).toBe(200);
  }, 180_000);
});
