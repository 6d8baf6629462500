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

  async function becomesReady(position: number): Promise<void> {
    await eventually('it is ready', async () => {
      const { status } = await cluster.get(position, '/readyz');
      return status === 200 ? true : null;
    });
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

  test('scenario 13: a replica that lost its disk votes when it was let in again, and never before', async () => {
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
    // Let in as a learner, caught up from the log, and a voter again: by itself.
    await eventually('the wiped replica votes again', async () => {
      const state = await cluster.raftState(0);
      return state.role === 'follower' && state.voters.length === 3 ? state : null;
    });
    await cluster.awaitEqualIndex();
    await becomesReady(0);

    // Its vote is needed: without it the survivor would have no majority.
    await cluster.kill(leader);
    const survivor = leader === 1 ? 2 : 1;
    const next = await cluster.awaitLeader();
    expect([0, survivor]).toContain(next);
    await register(cluster.origin(next), 'afterwards');
    await cluster.awaitEqualIndex([0, survivor]);
  }, 240_000);

  test('scenario 11: a new replica joins by itself as a learner, and votes for nobody while none is missing', async () => {
    cluster = await ProcessCluster.create({ size: 3, newcomers: 1 });
    cluster.startAll();
    await cluster.awaitLeader();
    await register(cluster.origin(0), 'witness');
    cluster.start(3);
    await becomesReady(3);
    const [state] = await cluster.awaitEqualIndex([3, 0, 1, 2]);
    expect(state).toMatchObject({ role: 'learner', learners: ['agenda-4'] });
    expect(state?.voters).toHaveLength(3);
    // It has everything, and is nobody's majority.
    await sleep(3_000);
    await Promise.all([cluster.kill(0), cluster.kill(1)]);
    await eventually('the last voter stands', async () => {
      return (await cluster.raftState(2)).role === 'candidate' ? true : null;
    });
    for (let look = 0; look < 10; look += 1) {
      await sleep(200);
      expect((await cluster.raftState(2)).role).not.toBe('leader');
      expect((await cluster.raftState(3)).role).toBe('learner');
    }
  }, 180_000);
});
