import { expect, test } from '@jest/globals';
import { limits } from '../../src/limits.ts';
import { createYielding } from '../../src/node/yield-leadership.ts';
import { GroupCluster } from '../support/group-cluster.ts';
import type { Replica } from '../support/group-cluster.ts';

const nobody = { info: () => undefined };

function yieldingOf(cluster: GroupCluster, { group }: Replica): (is_low: boolean) => void {
  return createYielding(group, nobody, () => cluster.clock.now_ms());
}

test('a leader short of space hands over without a gap, and takes no part in elections until there is space', async () => {
  const cluster = await GroupCluster.create(3);
  const leader = await cluster.awaitLeader();
  await cluster.clock.advance(1_000);
  const { term } = leader.group.state;
  const tell = yieldingOf(cluster, leader);
  tell(true);
  // Far less than the timeout of an election.
  await cluster.clock.advance(300);
  expect(cluster.leader).not.toBe(leader);
  expect(cluster.leader?.group.state.term).toBe(term + 1);
  expect(leader.group.state).toMatchObject({ role: 'follower', is_disk_low: true });
  tell(false);
  expect(leader.group.state.is_disk_low).toBe(false);
});

test('a leader that nobody can follow steps down only while others can lead, and tries again now and then', async () => {
  const cluster = await GroupCluster.create(3);
  const leader = await cluster.awaitLeader();
  await cluster.clock.advance(1_000);
  const tells = cluster.replicas.map((replica) => yieldingOf(cluster, replica));
  // All are short of space: no target accepts.
  for (const [position, tell] of tells.entries()) {
    if (cluster.replicas[position] !== leader) tell(true);
  }
  for (const tell of tells) tell(true);
  for (let second = 0; second < 20; second += 1) {
    await cluster.clock.advance(1_000);
    for (const tell of tells) tell(true);
  }
  const now = await cluster.awaitLeader();
  expect(now.group.state.is_disk_low).toBe(true);
  // There is space elsewhere again: before long one of those leads.
  for (const [position, tell] of tells.entries()) {
    if (cluster.replicas[position] !== now) tell(false);
  }
  for (let second = 0; second < (2 * limits.storage_hand_over_every_ms) / 1_000; second += 1) {
    await cluster.clock.advance(1_000);
    for (const [position, tell] of tells.entries()) tell(cluster.replicas[position] === now);
  }
  const after = await cluster.awaitLeader();
  expect(after).not.toBe(now);
  expect(after.group.state.is_disk_low).toBe(false);
});
