import { describe, expect, test } from '@jest/globals';
import { NO_CHANGE } from '../../src/consensus/raft/membership.ts';
import type { ProposalResult } from '../../src/consensus/pending-proposals.ts';
import { GroupCluster } from '../support/group-cluster.ts';

const ELECTION_TIMEOUT_MS_MAX = 1_800;

describe('the driver of a group', () => {
  test('group commit: what is proposed in one turn is one sync on every replica', async () => {
    const cluster = await GroupCluster.create(3);
    const leader = await cluster.awaitLeader();
    await cluster.clock.advance(500);
    const before = cluster.replicas.map((replica) => replica.store.syncs);
    const proposals = Array.from({ length: 100 }, (_, number) =>
      cluster.propose(leader, `command ${number}`),
    );
    await cluster.clock.advance(500);
    const results = await Promise.all(proposals);
    expect(results.every((result) => result.kind === 'applied')).toBe(true);
    expect(cluster.replicas.map((replica, at) => replica.store.syncs - (before[at] ?? 0))).toEqual([
      1, 1, 1,
    ]);
    for (const replica of cluster.replicas) expect(replica.journal.commands).toHaveLength(100);
  });

  test('scenario 6: nothing is acknowledged before a majority has synced it, and a power cut shows it', async () => {
    const cluster = await GroupCluster.create(3);
    const leader = await cluster.awaitLeader();
    const first = cluster.propose(leader, 'synced');
    await cluster.clock.advance(100);
    expect((await first).kind).toBe('applied');

    for (const replica of cluster.replicas) replica.store.stall();
    const acknowledged: ProposalResult[] = [];
    void cluster.propose(leader, 'in memory only').then((result) => acknowledged.push(result));
    await cluster.clock.advance(800);
    expect(acknowledged).toEqual([]);
    for (const replica of cluster.replicas) expect(replica.journal.commands).toEqual(['synced']);

    for (const replica of cluster.replicas) cluster.powerOff(replica);
    expect(acknowledged.every((result) => result.kind === 'unknown')).toBe(true);
    for (const replica of cluster.replicas) await cluster.powerOn(replica);
    await cluster.awaitLeader();
    await cluster.clock.advance(500);
    for (const replica of cluster.replicas) expect(replica.journal.commands).toEqual(['synced']);
  });

  test('scenario 6: one synced follower is not enough, and the own sync counts as one', async () => {
    const cluster = await GroupCluster.create(3);
    const leader = await cluster.awaitLeader();
    const [one, other] = cluster.followers(leader);
    one?.store.stall();
    leader.store.stall();
    const results: ProposalResult[] = [];
    void cluster.propose(leader, 'waits').then((result) => results.push(result));
    await cluster.clock.advance(300);
    expect(other?.store.durable.entries.at(-1)?.request_id).toBe('waits');
    expect(results).toEqual([]);
    leader.store.resume();
    await cluster.clock.advance(100);
    expect(results.map((result) => result.kind)).toEqual(['applied']);
  });

  test('scenario 6: a cluster of one waits for its own sync', async () => {
    const cluster = await GroupCluster.create(1);
    const leader = await cluster.awaitLeader();
    leader.store.stall();
    const results: ProposalResult[] = [];
    void cluster.propose(leader, 'alone').then((result) => results.push(result));
    await cluster.clock.advance(300);
    expect(results).toEqual([]);
    leader.store.resume();
    await cluster.clock.advance(20);
    expect(results.map((result) => result.kind)).toEqual(['applied']);
  });

  test('a slow disk of a follower delays neither heartbeats nor commits', async () => {
    const cluster = await GroupCluster.create(3);
    const leader = await cluster.awaitLeader();
    const term = leader.group.state.term;
    cluster.followers(leader)[0]?.store.stall();
    const proposal = cluster.propose(leader, 'with two of three');
    await cluster.clock.advance(10 * ELECTION_TIMEOUT_MS_MAX);
    expect((await proposal).kind).toBe('applied');
    expect(cluster.replicas.map((replica) => replica.group.state.term)).toEqual([term, term, term]);
    expect(cluster.leader).toBe(leader);
  });

  test('a leader whose disk is stalled steps down; another leads within two election timeouts', async () => {
    const cluster = await GroupCluster.create(3);
    const leader = await cluster.awaitLeader();
    leader.store.stall();
    const lost = cluster.propose(leader, 'on a stalled disk');
    const others = cluster.followers(leader);
    await cluster.clock.until(
      'another leader',
      () => others.some((replica) => replica.group.state.role === 'leader'),
      // From the moment the stall is as long as an election timeout.
      ELECTION_TIMEOUT_MS_MAX + 2 * ELECTION_TIMEOUT_MS_MAX,
    );
    expect(leader.group.state.role).not.toBe('leader');
    const successor = await cluster.awaitLeader();
    const proposal = cluster.propose(successor, 'with the others');
    await cluster.clock.advance(200);
    expect((await proposal).kind).toBe('applied');

    leader.store.resume();
    await cluster.clock.advance(5_000);
    // It reached the others before, so it is committed; the client was not told that it failed.
    expect(['applied', 'unknown']).toContain((await lost).kind);
    for (const replica of cluster.replicas) {
      expect(replica.journal.commands).toEqual(['on a stalled disk', 'with the others']);
    }
  });

  test('scenario 20: an outcome that is not known is said to be unknown, not failed', async () => {
    const cluster = await GroupCluster.create(3);
    const leader = await cluster.awaitLeader();
    cluster.isolate(leader);
    const proposal = cluster.propose(leader, 'cut off');
    await cluster.clock.advance(4_600);
    expect(await proposal).toEqual({ kind: 'unknown' });
    expect(leader.group.state.role).not.toBe('leader');
    const refused = cluster.propose(leader, 'too late');
    await cluster.clock.advance(20);
    expect(await refused).toEqual({ kind: 'refused', reason: 'not_leader' });
  });

  test('a proposal whose place another leader took is said to be lost', async () => {
    const cluster = await GroupCluster.create(3);
    const leader = await cluster.awaitLeader();
    await cluster.clock.advance(500);
    cluster.isolate(leader);
    const proposal = cluster.propose(leader, 'never committed', 60_000);
    const others = cluster.followers(leader);
    await cluster.clock.until('a successor', () =>
      others.some((replica) => replica.group.state.role === 'leader'),
    );
    cluster.heal();
    await cluster.clock.advance(5_000);
    expect(await proposal).toEqual({ kind: 'lost' });
    for (const replica of cluster.replicas) expect(replica.journal.commands).toEqual([]);
  });

  test('a read index from any replica covers what was acknowledged before', async () => {
    const cluster = await GroupCluster.create(5);
    const leader = await cluster.awaitLeader();
    for (let number = 0; number < 5; number += 1) {
      const proposal = cluster.propose(leader, `command ${number}`);
      await cluster.clock.until('the answer', () => leader.journal.commands.length > number);
      const result = await proposal;
      const written = result.kind === 'applied' ? result.index : Number.POSITIVE_INFINITY;
      for (const replica of cluster.replicas) {
        const reading = replica.group.readIndex();
        await cluster.clock.advance(50);
        const index = (await reading) ?? -1;
        expect(index).toBeGreaterThanOrEqual(written);
        const waiting = replica.group.waitForApplied(index, 1_000);
        await cluster.clock.advance(50);
        expect(await waiting).toBe(true);
        expect(replica.journal.commands).toHaveLength(number + 1);
      }
    }
  });

  test('reads that nobody can confirm end, on the leader and on a follower', async () => {
    const cluster = await GroupCluster.create(3);
    const leader = await cluster.awaitLeader();
    const [follower] = cluster.followers(leader);
    for (const replica of cluster.replicas) cluster.isolate(replica);
    const readings = [leader.group.readIndex(), follower?.group.readIndex()];
    await cluster.clock.advance(2 * ELECTION_TIMEOUT_MS_MAX);
    expect(await Promise.all(readings)).toEqual([null, null]);
  });

  test('the age of the state is unknown at first, small while a leader is heard, and grows without one', async () => {
    const cluster = await GroupCluster.create(3);
    const leader = await cluster.awaitLeader();
    await cluster.clock.advance(1_000);
    const [follower] = cluster.followers(leader);
    expect(follower?.group.ageMs()).toBeLessThan(1_000);
    expect(leader.group.ageMs()).toBeLessThan(1_000);
    for (const replica of cluster.replicas) cluster.isolate(replica);
    await cluster.clock.advance(10_000);
    for (const replica of cluster.replicas) {
      expect(replica.group.ageMs()).toBeGreaterThanOrEqual(10_000);
    }
    if (follower === undefined) throw new Error('no follower');
    await cluster.powerCycle(follower);
    expect(follower.group.ageMs()).toBeNull();
  });

  test('a log store that fails stops the replica and answers whoever waits', async () => {
    const cluster = await GroupCluster.create(3);
    const leader = await cluster.awaitLeader();
    const proposal = cluster.propose(leader, 'on a broken disk');
    leader.store.fail();
    const reading = leader.group.readIndex();
    await cluster.clock.advance(100);
    expect(leader.failures).toHaveLength(1);
    expect((await proposal).kind).toBe('unknown');
    expect(await reading).toBeNull();
    await expect(
      leader.group.receive(leader.member, { kind: 'read_index', term: 1, read_id: 1 }),
    ).rejects.toThrow('stopping');
    const [one, other] = cluster.followers(leader);
    await cluster.clock.until('a successor', () =>
      [one, other].some((replica) => replica?.group.state.role === 'leader'),
    );
  });

  test('a replica that restarts applies what was committed before, without waiting for a leader', async () => {
    const cluster = await GroupCluster.create(1);
    const leader = await cluster.awaitLeader();
    for (let number = 0; number < 3; number += 1) {
      const proposal = cluster.propose(leader, `command ${number}`);
      await cluster.clock.advance(100);
      expect((await proposal).kind).toBe('applied');
    }
    await cluster.powerCycle(leader);
    await cluster.awaitLeader();
    expect(leader.journal.commands).toEqual(['command 0', 'command 1', 'command 2']);
  });

  test('a follower that missed a long stretch is brought up to date', async () => {
    const cluster = await GroupCluster.create(3);
    const leader = await cluster.awaitLeader();
    const [follower] = cluster.followers(leader);
    if (follower === undefined) throw new Error('no follower');
    cluster.powerOff(follower);
    for (let number = 0; number < 30; number += 1) {
      const batch = Array.from({ length: 100 }, (_, one) =>
        cluster.propose(leader, `command ${number * 100 + one}`),
      );
      await cluster.clock.advance(20);
      await Promise.all(batch);
    }
    await cluster.powerOn(follower);
    await cluster.clock.until('it has caught up', () => follower.journal.commands.length === 3_000);
    expect(follower.journal.commands).toEqual(leader.journal.commands);
  });

  test('scenario 6: a follower whose power fails before its sync has acknowledged nothing', async () => {
    const cluster = await GroupCluster.create(3);
    const leader = await cluster.awaitLeader();
    const [one, other] = cluster.followers(leader);
    if (one === undefined || other === undefined) throw new Error('no followers');
    cluster.powerOff(other);
    one.store.stall();
    const results: ProposalResult[] = [];
    void cluster.propose(leader, 'on one disk').then((result) => results.push(result));
    await cluster.clock.advance(500);
    // Long after the entry reached the follower, which has it in memory and not on its disk.
    expect(one.group.state.log.last_index).toBe(leader.group.state.log.last_index);
    expect(results).toEqual([]);
    cluster.powerOff(one);
    cluster.powerOff(leader);
    await cluster.clock.advance(1);
    expect(results.map((result) => result.kind)).toEqual(['unknown']);
    await cluster.powerOn(one);
    await cluster.powerOn(other);
    await cluster.awaitLeader();
    await cluster.clock.advance(500);
    expect(one.journal.commands).toEqual([]);
  });

  test('a replica that can apply nothing more does not lead, and still votes', async () => {
    const cluster = await GroupCluster.create(3);
    const leader = await cluster.awaitLeader();
    leader.journal.defect = new Error('a command of a newer program');
    const proposal = cluster.propose(leader, 'halts the leader');
    await cluster.clock.advance(100);
    expect(leader.failures).toEqual([leader.journal.defect]);
    expect(leader.group.state.role).toBe('follower');
    expect((await withDeadline(cluster, proposal)).kind).toBe('unknown');
    const others = cluster.followers(leader);
    const [down] = others;
    if (down === undefined) throw new Error('no follower');
    cluster.powerOff(down);
    // Two are left, and only one of them may lead: it needs the vote of the other.
    await cluster.clock.until('a leader that can apply', () =>
      others.some((replica) => replica !== down && replica.group.state.role === 'leader'),
    );
    await cluster.clock.advance(20_000);
    expect(leader.group.state.role).toBe('follower');
  });

  test('leadership is handed over in milliseconds, and what is proposed meanwhile waits for nobody', async () => {
    const cluster = await GroupCluster.create(3);
    const leader = await cluster.awaitLeader();
    await cluster.clock.advance(500);
    const target = cluster.followers(leader)[1];
    const began_ms = cluster.clock.now_ms();
    const outcome = leader.group.transfer(target?.member.node_id ?? '', 2_000);
    const refused = cluster.propose(leader, 'meanwhile');
    let ended_ms = 0;
    void outcome.then(() => (ended_ms = cluster.clock.now_ms()));
    await cluster.clock.advance(500);
    expect(await outcome).toBe('transferred');
    expect(ended_ms - began_ms).toBeLessThan(100);
    expect(cluster.leader).toBe(target);
    expect(await refused).toEqual({ kind: 'refused', reason: 'transferring' });
    expect(await leader.group.transfer(null, 100)).toBe('not_leader');
  });

  test('a transfer that comes to nothing is said to have, and the leader goes on', async () => {
    const cluster = await GroupCluster.create(3);
    const leader = await cluster.awaitLeader();
    await cluster.clock.advance(500);
    const [one] = cluster.followers(leader);
    if (one !== undefined) cluster.isolate(one);
    const outcome = leader.group.transfer(one?.member.node_id ?? '', 2_000);
    await cluster.clock.advance(3_000);
    expect(['refused', 'timed_out']).toContain(await outcome);
    expect(cluster.leader).toBe(leader);
    const proposed = cluster.propose(leader, 'goes on');
    await cluster.clock.advance(200);
    expect((await proposed).kind).toBe('applied');
  });

  test('scenario 11: a newcomer learns everything, and takes the place of a voter that is removed', async () => {
    const cluster = await GroupCluster.create(3);
    const leader = await cluster.awaitLeader();
    for (let number = 0; number < 50; number += 1) void cluster.propose(leader, `${number}`);
    await cluster.clock.advance(2_000);
    const newcomer = await cluster.join('n4');
    const change = { ...NO_CHANGE, add_learners: [newcomer.member] };
    const added = leader.group.changeMembership(change, 5_000);
    await cluster.clock.advance(5_000);
    expect((await added).kind).toBe('committed');
    expect(newcomer.journal.commands).toEqual(leader.journal.commands);
    expect(newcomer.group.configuration?.learners).toEqual([newcomer.member]);

    const gone = cluster.followers(leader).find((replica) => replica !== newcomer);
    const remove = gone === undefined ? [] : [gone.member];
    const removed = leader.group.changeMembership({ ...NO_CHANGE, remove }, 5_000);
    await cluster.clock.advance(5_000);
    expect((await removed).kind).toBe('committed');
    expect(leader.group.configuration?.voters).toContainEqual(newcomer.member);
    expect(leader.group.configuration?.voters).toHaveLength(3);

    // Its vote is needed now.
    cluster.powerOff(leader);
    await cluster.clock.until('another leads', () => cluster.leader !== leader);
    const next = await cluster.awaitLeader();
    expect(next).not.toBe(gone);
    const proposed = cluster.propose(next, 'with the newcomer');
    await cluster.clock.advance(500);
    expect((await proposed).kind).toBe('applied');
    const nothing = { ...NO_CHANGE, voters_wanted: 3 };
    const refused = { kind: 'refused', reason: 'nothing_to_change' };
    expect(await next.group.changeMembership(nothing, 100)).toEqual(refused);
  });

  test('a change that comes to no end is said to be unknown', async () => {
    const cluster = await GroupCluster.create(3);
    const leader = await cluster.awaitLeader();
    await cluster.clock.advance(500);
    for (const other of cluster.followers(leader)) cluster.isolate(other);
    const change = { ...NO_CHANGE, voters_wanted: 1 };
    const result = leader.group.changeMembership(change, 300);
    await cluster.clock.advance(400);
    expect(await result).toEqual({ kind: 'unknown' });
  });
});

async function withDeadline<T>(cluster: GroupCluster, promise: Promise<T>): Promise<T> {
  await cluster.clock.advance(5_000);
  return promise;
}
