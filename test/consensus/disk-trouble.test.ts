import { describe, expect, test } from '@jest/globals';
import { must } from '../../src/base/assert.ts';
import { DiskFullError } from '../../src/consensus/disk-full-error.ts';
import { GroupCluster } from '../support/group-cluster.ts';
import type { Replica } from '../support/group-cluster.ts';

const ELECTION_TIMEOUT_MS = 1_200;
const ELECTION_TIMEOUT_MS_MAX = 1_800;
/** Longer than an entry stays in memory: more than its bound. */
const MANY = 20;
const LARGE = 'x'.repeat(2 * 1024 * 1024);

async function writes(cluster: GroupCluster, count: number, text = 'command'): Promise<void> {
  for (let number = 0; number < count; number += 1) {
    const leader = await cluster.awaitLeader();
    const proposal = cluster.propose(leader, `${text} ${number}`);
    await cluster.clock.advance(200);
    expect((await proposal).kind).toBe('applied');
  }
}

async function anotherLeads(
  cluster: GroupCluster,
  leader: Replica,
  bound_ms: number,
): Promise<void> {
  const others = cluster.followers(leader);
  await cluster.clock.until(
    'another leader',
    () => others.some((replica) => replica.group.state.role === 'leader'),
    bound_ms,
  );
}

function sameJournals(cluster: GroupCluster): void {
  const [first, ...others] = cluster.replicas.map((replica) => replica.journal.commands);
  for (const other of others) expect(other).toEqual(first);
}

describe('a stalled disk', () => {
  test('scenario 21: of the leader: it steps down, another leads within two election timeouts, it recovers', async () => {
    const cluster = await GroupCluster.create(3);
    const leader = await cluster.awaitLeader();
    await writes(cluster, 3);
    leader.disk.stall();
    void cluster.propose(leader, 'on a stalled disk');
    await cluster.clock.until(
      'it steps down',
      () => leader.group.state.role !== 'leader',
      ELECTION_TIMEOUT_MS + 200,
    );
    await anotherLeads(cluster, leader, 2 * ELECTION_TIMEOUT_MS_MAX);
    await writes(cluster, 3, 'meanwhile');
    await cluster.clock.advance(20 * ELECTION_TIMEOUT_MS);
    expect(leader.group.state.role).toBe('follower');
    leader.disk.resume();
    await cluster.clock.until(
      'it has caught up',
      () => leader.group.state.applied_index === cluster.leader?.group.state.commit_index,
    );
    sameJournals(cluster);
    expect(leader.failures).toEqual([]);
  });

  test('scenario 21: for less than an election timeout: it leads on, and its heartbeats are on time', async () => {
    const cluster = await GroupCluster.create(3);
    const leader = await cluster.awaitLeader();
    await writes(cluster, 1);
    const { term } = leader.group.state;
    for (let count = 0; count < 5; count += 1) {
      leader.disk.stall();
      const proposal = cluster.propose(leader, `stalled ${count}`);
      await cluster.clock.advance(ELECTION_TIMEOUT_MS - 200);
      leader.disk.resume();
      await cluster.clock.advance(300);
      expect((await proposal).kind).toBe('applied');
    }
    expect(cluster.leader).toBe(leader);
    expect(leader.group.state.term).toBe(term);
  });

  test('scenario 21: a slow disk, 300 ms a sync, on all: the leader leads on, and writes come through', async () => {
    const cluster = await GroupCluster.create(3);
    const leader = await cluster.awaitLeader();
    const { term } = leader.group.state;
    for (const replica of cluster.replicas) replica.disk.slow(300);
    const results = [];
    for (let count = 0; count < 100; count += 1) {
      results.push(cluster.propose(leader, `slow ${count}`, 60_000));
      await cluster.clock.advance(50);
      // A follower that heard no heartbeat for long would not answer so.
      for (const replica of cluster.replicas) {
        expect(replica.group.state.election_elapsed * 10).toBeLessThan(ELECTION_TIMEOUT_MS / 2);
      }
    }
    await cluster.clock.advance(5_000);
    for (const result of await Promise.all(results)) expect(result.kind).toBe('applied');
    expect(leader.group.state.term).toBe(term);
    sameJournals(cluster);
  });
});

describe('a full disk', () => {
  test('scenario 21: low on the leader: another leads; it takes no commands, and leads again only when it must', async () => {
    const cluster = await GroupCluster.create(3);
    const leader = await cluster.awaitLeader();
    await writes(cluster, 2);
    leader.group.setDiskLow(true);
    expect(leader.group.state.role).toBe('follower');
    await anotherLeads(cluster, leader, 2 * ELECTION_TIMEOUT_MS_MAX);
    await writes(cluster, 2, 'meanwhile');

    // The one that leads dies, and the third lacks an entry: still not the one that is low, at first.
    const successor = await cluster.awaitLeader();
    cluster.powerOff(successor);
    await cluster.clock.until('a third leader', () =>
      cluster.replicas.some(({ is_off, group }) => !is_off && group.state.role === 'leader'),
    );
    expect(leader.group.state.role).toBe('follower');
    await cluster.powerOn(successor);

    leader.group.setDiskLow(false);
    await writes(cluster, 2, 'after');
    await cluster.clock.advance(1_000);
    sameJournals(cluster);
  });

  test('low everywhere: somebody leads all the same, reads are answered, commands are not taken', async () => {
    const cluster = await GroupCluster.create(3);
    await writes(cluster, 1);
    for (const replica of cluster.replicas) replica.group.setDiskLow(true);
    const leader = await cluster.awaitLeader();
    await cluster.clock.advance(30_000);
    const now = await cluster.awaitLeader();
    const reading = now.group.readIndex();
    const refused = cluster.propose(now, 'no space');
    await cluster.clock.advance(100);
    expect(await reading).not.toBeNull();
    expect(await refused).toEqual({ kind: 'refused', reason: 'overloaded' });
    expect(leader).toBe(now);
    for (const replica of cluster.replicas) replica.group.setDiskLow(false);
    await writes(cluster, 1, 'space');
  });

  test('low on a replica alone: it leads on and answers reads', async () => {
    const cluster = await GroupCluster.create(1);
    const leader = await cluster.awaitLeader();
    leader.group.setDiskLow(true);
    const reading = leader.group.readIndex();
    const refused = cluster.propose(leader, 'no space');
    await cluster.clock.advance(100);
    expect(leader.group.state.role).toBe('leader');
    expect(await reading).not.toBeNull();
    expect(await refused).toEqual({ kind: 'refused', reason: 'overloaded' });
  });

  test('no space for the state: the leader steps down, nothing is applied twice, and it goes on by itself', async () => {
    const cluster = await GroupCluster.create(3);
    const leader = await cluster.awaitLeader();
    await writes(cluster, 2);
    leader.journal.defect = new DiskFullError('no space');
    void cluster.propose(leader, 'cannot be applied here');
    await cluster.clock.advance(100);
    expect(leader.group.state.role).toBe('follower');
    await writes(cluster, 3, 'meanwhile');
    await cluster.clock.advance(10_000);
    expect(leader.failures).toEqual([]);
    leader.journal.defect = null;
    await cluster.clock.advance(2_000);
    sameJournals(cluster);
    expect(leader.group.state.is_disk_low).toBe(false);
  });
});

describe('an entry that is damaged while the replica runs', () => {
  test('and read for a follower: it is fetched from another, and the follower gets it', async () => {
    const cluster = await GroupCluster.create(3);
    const leader = await cluster.awaitLeader();
    const behind = must(cluster.followers(leader)[0], 'a follower');
    cluster.powerOff(behind);
    for (let number = 0; number < MANY; number += 1) {
      void cluster.propose(leader, `${number} ${LARGE}`);
      await cluster.clock.advance(100);
    }
    const before = leader.store.durable.entries;
    leader.store.damage(6, 'lost');
    leader.store.damage(8, 'row');
    await cluster.powerOn(behind);
    await cluster.clock.until(
      'it has caught up',
      () => behind.group.state.applied_index === leader.group.state.commit_index,
    );
    expect(leader.repairs).toEqual(['repaired 6', 'repaired 8']);
    expect(leader.store.durable.entries).toEqual(before);
    expect(leader.failures).toEqual([]);
    sameJournals(cluster);
  });

  test('and read to be applied: applying waits for it, and goes on', async () => {
    const cluster = await GroupCluster.create(3);
    await writes(cluster, 5);
    const leader = await cluster.awaitLeader();
    const restarted = must(cluster.followers(leader)[0], 'a follower');
    await cluster.powerCycle(restarted);
    // Its state is built again from entries that are on its disk only.
    restarted.store.damage(3, 'payload');
    await cluster.clock.until(
      'all is applied',
      () => restarted.group.state.applied_index === leader.group.state.commit_index,
    );
    expect(restarted.repairs).toEqual(['repaired 3']);
    sameJournals(cluster);
  });

  test('and nobody answers: the replica votes and waits, and goes on when somebody does', async () => {
    const cluster = await GroupCluster.create(3);
    await writes(cluster, 5);
    const leader = await cluster.awaitLeader();
    const restarted = must(cluster.followers(leader)[0], 'a follower');
    await cluster.powerCycle(restarted);
    restarted.store.damage(3, 'lost');
    cluster.isolate(restarted);
    await cluster.clock.advance(20_000);
    expect(restarted.repairs.at(-1)).toBe('waiting 3');
    expect(restarted.failures).toEqual([]);
    cluster.heal();
    await cluster.clock.until(
      'all is applied',
      () => restarted.group.state.applied_index === cluster.leader?.group.state.commit_index,
    );
    sameJournals(cluster);
  });

  test('of a replica alone ends it, by its name', async () => {
    const cluster = await GroupCluster.create(1);
    await writes(cluster, 5);
    const [alone] = cluster.replicas;
    if (alone === undefined) throw new Error('no replica');
    await cluster.powerCycle(alone);
    alone.store.damage(3, 'lost');
    await cluster.clock.advance(5_000);
    expect(alone.failures).toMatchObject([{ name: 'LogCorruptError', index: 3 }]);
  });

  test('found at the start, on two of three at different entries: both have theirs again', async () => {
    const cluster = await GroupCluster.create(3);
    await writes(cluster, 6);
    await cluster.clock.advance(1_000);
    const [one, other] = cluster.replicas;
    if (one === undefined || other === undefined) throw new Error('no replicas');
    const entries = one.store.durable.entries;
    cluster.powerOff(one);
    cluster.powerOff(other);
    one.store.damage(3, 'lost');
    other.store.damage(4, 'row');
    for (const replica of [one, other]) {
      const booting = cluster.powerOn(replica);
      await cluster.clock.until('it runs', () => !replica.is_off);
      await booting;
    }
    await writes(cluster, 1, 'after');
    await cluster.clock.advance(1_000);
    expect(one.repairs).toEqual(['repaired 3']);
    expect(other.repairs).toEqual(['repaired 4']);
    for (const replica of cluster.replicas) {
      expect(replica.store.durable.entries.slice(0, entries.length)).toEqual(entries);
    }
    sameJournals(cluster);
  });
});
