import { describe, expect, test } from '@jest/globals';
import { must } from '../../../src/base/assert.ts';
import {
  acknowledge,
  append,
  commandAt,
  commandsFrom,
  confirm,
  ELECTION_TICKS,
  establishedLeader,
  heartbeat,
  HEARTBEAT_TICKS,
  member,
  n1,
  n2,
  n3,
  n4,
  n5,
  pick,
  roundOf,
  sent,
  stand,
  TestCore,
  timeOut,
  vote,
  voteOf,
  votersUpTo,
} from '../../support/raft-fixture.ts';
import { settle } from '../../support/core-wire.ts';
import { ELECTION_MS } from '../../support/core-cluster.ts';
import { formedCluster } from '../../support/formed-cluster.ts';

/** The mistakes of `consensus.md` that one core can make, by their numbers. */

describe('scenario 11: nothing but a configuration entry changes who votes', () => {
  test('strangers may ask, answer and lead: the configuration is what it was', () => {
    const core = new TestCore();
    const [before] = core.state.configurations;
    for (let number = 1; number <= 9; number += 1) {
      const stranger = member(number, 'x');
      core.ask(stranger, vote(2, { index: 9, term: 1 }, true));
      core.ask(stranger, vote(2, { index: 9, term: 1 }));
      core.hear(stranger, { kind: 'read_index_response', term: 1, read_id: 1, read_index: null });
      core.fail(stranger, heartbeat(1));
    }
    core.ask(member(8), heartbeat(3));
    core.ask(member(8), append(3, { index: 1, term: 1 }, commandsFrom(2, [3, 3]), 3));
    core.tick(3 * ELECTION_TICKS);
    expect(core.state.configurations).toEqual([before]);
  });

  test('an election needs a majority of the configured, however many others agree', () => {
    const core = new TestCore({ configuration: votersUpTo(5) });
    timeOut(core);
    for (let number = 6; number <= 20; number += 1) core.hear(member(number), voteOf(core, true));
    expect(core.state.role).toBe('pre_candidate');
  });

  test('a leader sends to the configured only, also after others spoke to it', () => {
    const core = establishedLeader();
    const token = core.token();
    core.feed({
      kind: 'request',
      from: member(7),
      token,
      message: { kind: 'read_index', term: 2, read_id: 1 },
    });
    confirm(core, member(7), 99);
    acknowledge(core, member(7), 2);
    const receivers = sent(core.tick(HEARTBEAT_TICKS), 'heartbeat').map(({ to }) => to);
    expect(receivers).toEqual([n2, n3]);
  });

  test('those of the configuration that nobody sees still count', () => {
    const core = new TestCore({ configuration: votersUpTo(7) });
    timeOut(core);
    for (const to of [n4, n5, member(6), member(7)]) {
      core.fail(to, vote(2, { index: 1, term: 1 }, true));
    }
    for (const from of [n2, n3]) core.hear(from, voteOf(core, true));
    expect(core.state.role).toBe('pre_candidate');
  });

  test('a configuration entry does, from the moment it is in the log', () => {
    const core = establishedLeader();
    core.change({ demote: [n3] });
    core.persist();
    acknowledge(core, n3, 3);
    expect(core.state.commit_index).toBe(2);
    acknowledge(core, n2, 3);
    expect(core.state.commit_index).toBe(3);
  });
});

describe('scenario 13: a voter is the pair of node and storage', () => {
  const wiped = member(2, 'b');

  test('the vote and the pre-vote of another storage do not count', () => {
    const core = new TestCore();
    timeOut(core);
    core.hear(wiped, voteOf(core, true));
    expect(core.state.role).toBe('pre_candidate');
    core.hear(n3, voteOf(core, true));
    core.persist();
    core.hear(wiped, voteOf(core, false));
    expect(core.state.role).toBe('candidate');
    core.hear(n2, voteOf(core, false));
    expect(core.state.role).toBe('leader');
  });

  test('nor does its refusal', () => {
    const core = new TestCore();
    stand(core);
    core.hear(wiped, voteOf(core, false, false));
    core.hear(member(3, 'b'), voteOf(core, false, false));
    expect(core.state.role).toBe('candidate');
  });

  test('its acknowledgement commits nothing, and confirms no read', () => {
    const core = establishedLeader();
    core.propose('a');
    core.persist();
    acknowledge(core, wiped, 3);
    expect(core.state.commit_index).toBe(2);
    const round = roundOf(core.read(1));
    expect(pick(confirm(core, wiped, round), 'read_ready')).toEqual([]);
  });

  test('it does not keep a leader in office', () => {
    const core = establishedLeader();
    for (let tick = 0; tick < 2 * ELECTION_TICKS; tick += 1) {
      core.tick();
      confirm(core, wiped, 99);
      confirm(core, member(3, 'b'), 99);
    }
    expect(core.state.role).not.toBe('leader');
  });

  test('a vote given to one storage is not the other’s', () => {
    const core = new TestCore();
    core.ask(n2, vote(2, { index: 1, term: 1 }));
    expect(core.ask(wiped, vote(2, { index: 1, term: 1 })).response).toMatchObject({
      granted: false,
    });
  });

  test('a replica that lost its disk does not stand, not even with the whole log', () => {
    const core = new TestCore({ configuration: null, self: wiped });
    const configuration = new TestCore().entries.slice(0, 1);
    core.ask(n1, append(1, { index: 0, term: 0 }, [...configuration, commandAt(2, 1)], 2));
    core.persist();
    core.tick(10 * ELECTION_TICKS);
    expect(core.state).toMatchObject({ role: 'follower', term: 1, commit_index: 2 });
  });

  test('an empty replica never campaigns', () => {
    const core = new TestCore({ configuration: null });
    const effects = core.tick(20 * ELECTION_TICKS);
    expect(effects).toEqual([]);
    expect(core.state).toMatchObject({ role: 'follower', term: 0 });
  });

  test('it stands once the log says that it votes', () => {
    const core = new TestCore({ configuration: null, self: n2 });
    core.ask(n1, append(1, { index: 0, term: 0 }, new TestCore().entries));
    core.persist();
    stand(core);
    expect(core.state).toMatchObject({ role: 'candidate', term: 2 });
  });
});

describe('scenario 16: elections come to an end', () => {
  /** Ticks from the refusal of a pre-vote to the next one. */
  function waitAfterRefusal(seed: number, size: number, refusals: number): number {
    const core = new TestCore({ seed, configuration: votersUpTo(size) });
    timeOut(core);
    for (let number = 2; number < 2 + refusals; number += 1) {
      core.hear(member(number), voteOf(core, true, false));
    }
    for (let ticks = 1; ; ticks += 1) if (sent(core.tick(), 'vote').length > 0) return ticks;
  }

  test.each([
    ['by all others', 3, 2],
    ['by one, while the dead leader does not answer', 3, 1],
    ['by some of five', 5, 2],
    ['by a majority of five', 5, 3],
  ])('a pre-vote refused %s is asked again after about a heartbeat', (_, size, refusals) => {
    const waits = new Set<number>();
    for (let seed = 1; seed <= 50; seed += 1) waits.add(waitAfterRefusal(seed, size, refusals));
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(HEARTBEAT_TICKS);
    expect(Math.max(...waits)).toBeLessThanOrEqual(2 * HEARTBEAT_TICKS);
    // With jitter.
    expect(waits.size).toBeGreaterThan(1);
  });

  test('one that is not refused is asked again after a whole timeout', () => {
    const core = new TestCore();
    timeOut(core);
    expect(sent(core.tick(ELECTION_TICKS - 1), 'vote')).toEqual([]);
  });

  test('a grant that is late still counts, for the same term', () => {
    const core = new TestCore({ configuration: votersUpTo(5) });
    timeOut(core);
    const grant = voteOf(core, true);
    core.hear(n2, voteOf(core, true, false));
    core.tick(2 * HEARTBEAT_TICKS);
    core.hear(n3, grant);
    core.hear(n4, grant);
    expect(core.state).toMatchObject({ role: 'candidate', term: 2 });
  });

  /** Ticks for all in turn until one leads; what they say arrives at once. */
  function ticksUntilLed(cores: readonly TestCore[]): number {
    for (let ticks = 1; ticks <= 20 * ELECTION_TICKS; ticks += 1) {
      for (const core of cores) settle(cores, core, core.tick());
      if (cores.some((core) => core.state.role === 'leader')) return ticks;
    }
    throw new Error('nobody leads');
  }

  test('a node with a stale high term is needed for the majority, and helps', () => {
    for (let seed = 1; seed <= 30; seed += 1) {
      const stale = new TestCore({ self: n2, term: 50, voted_for: n2, seed });
      const current = new TestCore({ self: n1, terms: [1, 7, 7], seed: seed + 100 });
      expect(ticksUntilLed([current, stale])).toBeLessThanOrEqual(5 * ELECTION_TICKS);
      expect(current.state).toMatchObject({ role: 'leader', term: 51 });
    }
  });

  test('a leader that is not heard, or does not hear, makes room', () => {
    for (let seed = 1; seed <= 10; seed += 1) {
      for (const is_deaf of [true, false]) {
        const cluster = formedCluster(5, seed);
        const old = must(cluster.leader, 'a leader');
        for (const other of cluster.replicas) {
          if (is_deaf) cluster.cut(other, old);
          else cluster.cut(old, other);
        }
        const has_another = (): boolean => cluster.leader !== null && cluster.leader !== old;
        expect(cluster.runUntil(has_another, 6 * ELECTION_MS)).toBe(true);
      }
    }
  });

  test('two halves that heal elect one leader and agree', () => {
    for (let seed = 1; seed <= 10; seed += 1) {
      const cluster = formedCluster(5, seed);
      const old = must(cluster.leader, 'a leader');
      const companion = must(
        cluster.replicas.find((one) => one !== old),
        'another',
      );
      cluster.partition((one) => one === old || one === companion);
      cluster.propose(old, 3);
      const has_another = (): boolean => cluster.leader !== null && cluster.leader !== old;
      expect(cluster.runUntil(has_another, 6 * ELECTION_MS)).toBe(true);
      cluster.propose(must(cluster.leader, 'a leader'), 3);
      cluster.run(2 * ELECTION_MS);
      cluster.heal();
      const has_converged = (): boolean =>
        cluster.replicas.every(
          (one) => one.entries.length > 0 && one.applied.length === cluster.leader?.entries.length,
        );
      expect(cluster.runUntil(has_converged, 6 * ELECTION_MS)).toBe(true);
    }
  });

  test('a node that comes back from a partition does not unseat the leader', () => {
    for (let seed = 1; seed <= 10; seed += 1) {
      const cluster = formedCluster(5, seed);
      cluster.run(2 * ELECTION_MS);
      const leader = must(cluster.leader, 'a leader');
      const lost = must(
        cluster.replicas.find((one) => one !== leader),
        'another',
      );
      cluster.partition((one) => one === lost);
      cluster.run(20 * ELECTION_MS);
      cluster.heal();
      cluster.run(5 * ELECTION_MS);
      expect(cluster.leader).toBe(leader);
      expect(lost.core?.term).toBe(leader.core?.term);
    }
  });
});
