import { describe, expect, test } from '@jest/globals';
import { must } from '../../src/base/assert.ts';
import type { ProposalResult } from '../../src/consensus/pending-proposals.ts';
import { limits } from '../../src/limits.ts';
import { GroupCluster } from '../support/group-cluster.ts';
import type { Replica } from '../support/group-cluster.ts';

const KEPT = 20;
/** Large enough for a state of several chunks. */
const PADDING = 'x'.repeat(10_000);

async function write(cluster: GroupCluster, leader: Replica, count: number): Promise<void> {
  const proposals = Array.from({ length: count }, (_, number) =>
    cluster.propose(leader, `${number} ${PADDING}`),
  );
  await cluster.clock.advance(300);
  const results = await Promise.all(proposals);
  expect(results.filter((result) => result.kind !== 'applied')).toEqual([]);
}

function cutAt(replica: Replica): number {
  return replica.group.state.log.before_first.index;
}

/** Three replicas, of which one was down while the others wrote and cut what it lacks. */
async function withOneBehind(): Promise<{
  cluster: GroupCluster;
  leader: Replica;
  behind: Replica;
}> {
  const cluster = await GroupCluster.create(3, { kept_entries: KEPT });
  const leader = await cluster.awaitLeader();
  const behind = must(cluster.followers(leader)[0], 'a follower');
  await write(cluster, leader, 5);
  cluster.powerOff(behind);
  await cluster.clock.advance(2_000);
  for (let round = 0; round < 4; round += 1) await write(cluster, leader, 50);
  await cluster.clock.advance(2_000);
  expect(cutAt(leader)).toBeGreaterThan(behind.group.state.log.last_index);
  return { cluster, leader, behind };
}

async function expectEqual(cluster: GroupCluster): Promise<void> {
  const leader = await cluster.awaitLeader();
  await write(cluster, leader, 3);
  const isEqual = (replica: Replica): boolean =>
    replica.group.state.applied_index === leader.group.state.applied_index;
  await cluster.clock.until('all are equal', () => cluster.replicas.every(isEqual));
  for (const { journal, failures, store } of cluster.replicas) {
    expect(failures).toEqual([]);
    expect(journal.commands).toEqual(leader.journal.commands);
    expect(store.durable.last_index).toBe(leader.store.durable.last_index);
  }
}

describe('scenario 17: snapshots', () => {
  test('scenario 17: a member far behind gets one, in chunks, while clients write on', async () => {
    const { cluster, leader, behind } = await withOneBehind();
    expect(leader.journal.dump().length).toBeGreaterThan(3 * limits.snapshot_chunk_bytes_max);
    await cluster.powerOn(behind);
    const results: Promise<ProposalResult>[] = [];
    await cluster.clock.until('it has caught up', () => {
      results.push(cluster.propose(leader, 'meanwhile'));
      return (
        behind.group.state.applied_index >= cutAt(leader) && behind.journal.commands.length > 205
      );
    });
    await cluster.clock.advance(500);
    for (const result of await Promise.all(results)) expect(result.kind).toBe('applied');
    expect(leader.snapshots.made).toBe(1);
    expect(cutAt(behind)).toBeGreaterThan(0);
    await expectEqual(cluster);
  });

  test('scenario 17: twice in a row', async () => {
    const { cluster, leader, behind } = await withOneBehind();
    await cluster.powerOn(behind);
    await expectEqual(cluster);
    cluster.powerOff(behind);
    await cluster.clock.advance(2_000);
    for (let round = 0; round < 4; round += 1) await write(cluster, leader, 50);
    await cluster.clock.advance(2_000);
    await cluster.powerOn(behind);
    await expectEqual(cluster);
    expect(leader.snapshots.made).toBe(2);
  });

  test.each(['append', 'prepare', 'install', 'reload', 'installed'] as const)(
    'scenario 17: the receiver loses power at the step "%s", again and again, and gets there',
    async (step) => {
      const { cluster, behind } = await withOneBehind();
      for (let crash = 0; crash < 3; crash += 1) {
        await cluster.powerOn(behind);
        let is_down = false;
        behind.snapshots.onStep = (reached) => {
          if (reached !== step || is_down) return;
          is_down = true;
          cluster.powerOff(behind);
        };
        await cluster.clock.advance(3_000);
        // Once the state is in place there is nothing to crash in any more.
        if (crash === 0) expect(is_down).toBe(true);
        if (!is_down) cluster.powerOff(behind);
      }
      await cluster.powerOn(behind);
      await expectEqual(cluster);
    },
  );

  test('scenario 17: a transfer goes on where it was when the receiver restarts', async () => {
    const { cluster, leader, behind } = await withOneBehind();
    await cluster.powerOn(behind);
    let appended = 0;
    behind.snapshots.onStep = (step) => {
      if (step === 'append') appended += 1;
    };
    await cluster.clock.until('some chunks', () => appended >= 3);
    await cluster.powerCycle(behind);
    let more = 0;
    behind.snapshots.onStep = (step) => {
      if (step === 'append') more += 1;
    };
    await expectEqual(cluster);
    expect(leader.snapshots.made).toBe(1);
    const bytes = leader.journal.dump().length;
    expect(more).toBeGreaterThan(0);
    expect(more).toBeLessThanOrEqual(Math.ceil(bytes / limits.snapshot_chunk_bytes_max) - 3 + 1);
  });

  test('scenario 17: one that does not match its checksum is refused, and another is sent', async () => {
    const { cluster, leader, behind } = await withOneBehind();
    await cluster.powerOn(behind);
    behind.snapshots.damages_next = true;
    await expectEqual(cluster);
    expect(leader.snapshots.made).toBe(2);
  });

  test('scenario 17: a leader whose whole log is cut sends one, and goes on from it', async () => {
    const { cluster, leader, behind } = await withOneBehind();
    // As after an installation: nothing follows what the log rests on.
    const { applied_index } = leader.group.state;
    expect(cutAt(leader)).toBeLessThan(applied_index);
    await cluster.powerOn(behind);
    await expectEqual(cluster);
    expect(behind.store.durable.base?.index).toBeGreaterThanOrEqual(cutAt(leader));
  });

  test('scenario 17: the leader dies in the middle, and the next one begins anew', async () => {
    const { cluster, leader, behind } = await withOneBehind();
    await cluster.powerOn(behind);
    let appended = 0;
    behind.snapshots.onStep = (step) => {
      if (step === 'append') appended += 1;
    };
    await cluster.clock.until('some chunks', () => appended >= 2);
    cluster.powerOff(leader);
    const next = must(
      cluster.replicas.find((one) => one !== leader && one !== behind),
      'a third',
    );
    await cluster.clock.until('it is served', () => behind.journal.commands.length >= 205);
    expect(next.group.state.role).toBe('leader');
    expect(next.snapshots.made).toBe(1);
    await cluster.powerOn(leader);
    await expectEqual(cluster);
  });

  test('scenario 17: two members share one file', async () => {
    const cluster = await GroupCluster.create(5, { kept_entries: KEPT });
    const leader = await cluster.awaitLeader();
    const behind = cluster.followers(leader).slice(0, 2);
    for (const replica of behind) cluster.powerOff(replica);
    await cluster.clock.advance(2_000);
    for (let round = 0; round < 4; round += 1) await write(cluster, leader, 50);
    await cluster.clock.advance(2_000);
    for (const replica of behind) await cluster.powerOn(replica);
    await expectEqual(cluster);
    expect(leader.snapshots.made).toBe(1);
  });
});

describe('scenario 18: a state that is lost beside a log that is cut', () => {
  test('scenario 18: is fetched from the leader; meanwhile the replica votes and stores, and never leads', async () => {
    const cluster = await GroupCluster.create(3, { kept_entries: KEPT });
    const leader = await cluster.awaitLeader();
    for (let round = 0; round < 4; round += 1) await write(cluster, leader, 50);
    await cluster.clock.advance(1_000);
    const [wiped, other] = cluster.followers(leader);
    cluster.powerOff(must(wiped, 'a follower'));
    cluster.powerOff(must(other, 'a follower'));
    cluster.loseState(must(wiped, 'a follower'));
    await cluster.powerOn(must(wiped, 'a follower'));
    // With two of three up its disk is needed for every commit.
    await cluster.awaitLeader();
    await write(cluster, leader, 1);
    expect(cluster.leader).toBe(leader);
    await cluster.powerOn(must(other, 'a follower'));
    await expectEqual(cluster);
    expect(wiped?.group.state.is_state_missing).toBe(false);
  });

  test('scenario 18: on all replicas nobody leads, and nobody dies', async () => {
    const cluster = await GroupCluster.create(3, { kept_entries: KEPT });
    const leader = await cluster.awaitLeader();
    for (let round = 0; round < 4; round += 1) await write(cluster, leader, 50);
    await cluster.clock.advance(1_000);
    for (const replica of cluster.replicas) cluster.powerOff(replica);
    for (const replica of cluster.replicas) cluster.loseState(replica);
    for (const replica of cluster.replicas) await cluster.powerOn(replica);
    await cluster.clock.advance(20_000);
    expect(cluster.leader).toBeNull();
    for (const { failures, group } of cluster.replicas) {
      expect(failures).toEqual([]);
      expect(group.state.is_state_missing).toBe(true);
    }
  });
});
