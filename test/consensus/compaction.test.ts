import { describe, expect, test } from '@jest/globals';
import { limits } from '../../src/limits.ts';
import { GroupCluster } from '../support/group-cluster.ts';
import type { Replica } from '../support/group-cluster.ts';

const KEPT = 50;

async function write(cluster: GroupCluster, leader: Replica, count: number): Promise<void> {
  const proposals = Array.from({ length: count }, (_, number) =>
    cluster.propose(leader, `command ${number}`),
  );
  await cluster.clock.advance(300);
  const results = await Promise.all(proposals);
  expect(results.filter((result) => result.kind !== 'applied')).toEqual([]);
}

function cutAt(replica: Replica): number {
  return replica.group.state.log.before_first.index;
}

describe('the log is cut', () => {
  test('scenario 22: some way behind what is durable in the state, on disk and in memory, everywhere', async () => {
    const cluster = await GroupCluster.create(3, { kept_entries: KEPT });
    const leader = await cluster.awaitLeader();
    for (let round = 0; round < 10; round += 1) await write(cluster, leader, 100);
    await cluster.clock.advance(1_000);
    for (const replica of cluster.replicas) {
      const { log, applied_index } = replica.group.state;
      expect(applied_index - cutAt(replica)).toBeGreaterThanOrEqual(KEPT);
      expect(applied_index - cutAt(replica)).toBeLessThan(2 * KEPT);
      expect(log.tail[0]?.index).toBe(cutAt(replica) + 1);
      expect(replica.store.durable.entries[0]?.index).toBe(cutAt(replica) + 1);
      expect(replica.store.durable.base?.configuration.index).toBe(1);
      expect(replica.failures).toEqual([]);
    }
  });

  test('scenario 22: never above what a checkpoint has made durable', async () => {
    const cluster = await GroupCluster.create(3, { kept_entries: KEPT });
    const leader = await cluster.awaitLeader();
    for (const { journal } of cluster.replicas) journal.held_durable_index = 0;
    await write(cluster, leader, 400);
    await cluster.clock.advance(1_000);
    expect(cluster.replicas.map(cutAt)).toEqual([0, 0, 0]);
    for (const { journal } of cluster.replicas) journal.held_durable_index = 300;
    await cluster.clock.advance(1_000);
    expect(cluster.replicas.map(cutAt)).toEqual([250, 250, 250]);
  });

  test('a restart goes on from the cut, and a new leader replicates from there', async () => {
    const cluster = await GroupCluster.create(3, { kept_entries: KEPT });
    const leader = await cluster.awaitLeader();
    await write(cluster, leader, 400);
    await cluster.clock.advance(1_000);
    const cut = cutAt(leader);
    expect(cut).toBeGreaterThan(300);
    for (const replica of cluster.replicas) await cluster.powerCycle(replica);
    const next = await cluster.awaitLeader();
    expect(cutAt(next)).toBe(cut);
    await write(cluster, next, 10);
    await cluster.clock.advance(500);
    for (const { journal, failures } of cluster.replicas) {
      expect(journal.commands).toHaveLength(410);
      expect(failures).toEqual([]);
    }
  });

  test('in slices, with the writes of clients between them', async () => {
    const cluster = await GroupCluster.create(1, { kept_entries: KEPT });
    const leader = await cluster.awaitLeader();
    leader.journal.held_durable_index = 0;
    const slice = limits.log_cut_slice_entries;
    for (let written = 0; written < 3 * slice; written += 1_000)
      await write(cluster, leader, 1_000);
    leader.journal.held_durable_index = null;
    const cuts = new Set<number>();
    for (let turn = 0; turn < 300; turn += 1) {
      await cluster.clock.advance(1);
      cuts.add(cutAt(leader));
    }
    expect(cuts.size).toBeGreaterThan(3);
    const ascending = [...cuts];
    for (const [at, cut] of ascending.entries()) {
      expect(cut - (ascending[at - 1] ?? 0)).toBeLessThanOrEqual(slice);
    }
    await write(cluster, leader, 1);
  });

  test('a peer that answers and lags a little finds what it needs; not for ever', async () => {
    const cluster = await GroupCluster.create(3, { kept_entries: KEPT });
    const leader = await cluster.awaitLeader();
    const [lagging] = cluster.followers(leader);
    lagging?.store.stall();
    await cluster.clock.advance(300);
    const match = (): number => lagging?.group.state.log.persisted_index ?? 0;
    await write(cluster, leader, 3 * KEPT);
    await cluster.clock.advance(1_000);
    expect(cutAt(leader)).toBeLessThanOrEqual(match());
    for (let round = 0; round < limits.log_kept_for_peers_factor; round += 1) {
      await write(cluster, leader, KEPT);
    }
    await cluster.clock.advance(1_000);
    expect(cutAt(leader)).toBeGreaterThan(match());
  });
});
