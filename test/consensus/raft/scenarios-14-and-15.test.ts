import { describe, expect, test } from '@jest/globals';
import { must } from '../../../src/base/assert.ts';
import { memberKey } from '../../../src/consensus/raft/configuration.ts';
import { latest, leaderOf, pass, refusalOf, settledIn } from '../../support/membership-fixture.ts';
import {
  acknowledge,
  append,
  configurationAt,
  configurationOf,
  confirm,
  ELECTION_TICKS,
  establishedLeader,
  follow,
  heartbeat,
  lead,
  n1,
  n2,
  n3,
  n4,
  n5,
  sent,
  TestCore,
  timeOut,
  vote,
  voteOf,
  votersUpTo,
} from '../../support/raft-fixture.ts';
import { ELECTION_MS } from '../../support/core-cluster.ts';
import { formedCluster } from '../../support/formed-cluster.ts';

describe('scenario 14: one change of membership at a time, decided by both majorities', () => {
  test('not before an entry of the leader’s own term is committed', () => {
    const core = new TestCore();
    lead(core);
    core.persist();
    confirm(core, n2, 1);
    confirm(core, n3, 1);
    expect(refusalOf(core, { add_learners: [n4] })).toBe('not_ready');
    acknowledge(core, n2, 2);
    expect(refusalOf(core, { add_learners: [n4] })).toBe(null);
  });

  test('not before the last change is committed, and its joint part followed by the final one', () => {
    const core = leaderOf(votersUpTo(3));
    core.change({ demote: [n3] });
    expect(refusalOf(core, { add_learners: [n4] })).toBe('change_in_progress');
    core.persist();
    acknowledge(core, n2, 3);
    expect(latest(core).outgoing_voters).toEqual([]);
    expect(refusalOf(core, { add_learners: [n4] })).toBe('change_in_progress');
    core.persist();
    expect(settledIn(acknowledge(core, n2, 4))).toEqual([{ kind: 'committed', index: 4 }]);
    expect(refusalOf(core, { add_learners: [n4] })).toBe(null);
  });

  test('only a leader changes anything, and not while it hands over', () => {
    expect(refusalOf(new TestCore(), { demote: [n3] })).toBe('not_leader');
    const core = leaderOf(votersUpTo(3));
    core.feed({ kind: 'transfer', token: 9, target: 'n2' });
    expect(refusalOf(core, { demote: [n3] })).toBe('transfer_in_progress');
  });

  test('learners come and go by one entry, and are sent everything from the first moment', () => {
    const core = leaderOf(votersUpTo(3));
    const effects = core.change({ add_learners: [n4] });
    expect(core.state.log.last_index).toBe(3);
    expect(sent(effects, 'append', n4)).toHaveLength(1);
    core.persist();
    expect(settledIn(acknowledge(core, n4, 3))).toEqual([]);
    expect(settledIn(acknowledge(core, n2, 3))).toEqual([{ kind: 'committed', index: 3 }]);
  });

  test('a leader that is elected with a joint configuration in its log ends the change', () => {
    const joint = {
      ...configurationOf({ voters: [1, 2, 4], outgoing: [1, 2, 3] }),
      learners: [n3],
    };
    const core = new TestCore();
    core.ask(n2, append(1, { index: 1, term: 1 }, [configurationAt(2, 1, joint)], 1));
    core.persist();
    lead(core);
    core.persist();
    acknowledge(core, n4, 3);
    expect(latest(core)).toEqual(joint);
    acknowledge(core, n2, 3);
    expect(latest(core)).toEqual({ ...joint, outgoing_voters: [] });
    core.persist();
    acknowledge(core, n3, 4);
    expect(core.state.commit_index).toBe(3);
    acknowledge(core, n4, 4);
    expect(core.state.commit_index).toBe(4);
  });

  test('who asked is told "unknown" when leadership is lost in the middle', () => {
    const core = leaderOf(votersUpTo(3));
    core.change({ demote: [n3] });
    expect(settledIn(core.ask(n2, heartbeat(3)).effects)).toEqual([{ kind: 'unknown' }]);
  });

  test('who lacks too much is not promoted, and who is not heard neither', () => {
    const core = leaderOf(configurationOf({ voters: [1, 2, 3], learners: [4, 5] }));
    expect(refusalOf(core, { promote: [n4] })).toBe(null);
    const other = leaderOf(configurationOf({ voters: [1, 2, 3], learners: [4, 5] }));
    pass(other, ELECTION_TICKS + 2, [n2, n3]);
    expect(refusalOf(other, { promote: [n5] })).toBe('not_caught_up');
    const probing = leaderOf(votersUpTo(3));
    probing.change({ add_learners: [n4] });
    probing.persist();
    acknowledge(probing, n2, 3);
    confirm(probing, n4, 1);
    expect(refusalOf(probing, { promote: [n4] })).toBe('not_caught_up');
  });

  test('nothing is changed into what no majority would decide', () => {
    const core = leaderOf(votersUpTo(5));
    pass(core, ELECTION_TICKS + 2, [n2, n3]);
    expect(refusalOf(core, { remove: [n3] })).toBe('no_quorum_heard');
    expect(refusalOf(core, { remove: [n5] })).toBe(null);
  });

  test('a crash anywhere in the middle: whoever leads next ends it or it never was', () => {
    for (let seed = 1; seed <= 25; seed += 1) {
      const cluster = formedCluster(5, seed);
      const old = must(cluster.leader, 'a leader');
      const [one, other] = cluster.replicas.filter((replica) => replica !== old);
      cluster.change(old, {
        demote: [must(one, 'another').member],
        remove: [must(other, 'another').member],
      });
      cluster.run(cluster.below(40));
      cluster.crash(old);
      cluster.run(4 * ELECTION_MS);
      cluster.restart(old);
      cluster.run(4 * ELECTION_MS);
      const { configuration } = cluster;
      expect([3, 5]).toContain(configuration.voters.length);
      expect(configuration.outgoing_voters).toEqual([]);
      const leader = must(cluster.leader, 'a leader');
      expect(leader.core?.configurations.at(-1)?.configuration).toEqual(configuration);
      cluster.propose(leader);
      cluster.run(ELECTION_MS);
      expect(cluster.members.map((replica) => replica.applied.length)).toEqual(
        cluster.members.map(() => cluster.checks.committed.length),
      );
    }
  });
});

describe('scenario 15: a leader that is not among the new voters', () => {
  test('leads until the final configuration is committed, by others’ disks, and hands over', () => {
    const core = leaderOf(votersUpTo(4));
    core.change({ remove: [n1] });
    core.persist();
    acknowledge(core, n2, 3);
    acknowledge(core, n3, 3);
    expect(latest(core).voters).toEqual([n2, n3, n4]);
    core.persist();
    acknowledge(core, n2, 4);
    expect(core.state).toMatchObject({ role: 'leader', commit_index: 3 });
    const effects = acknowledge(core, n3, 4);
    expect(settledIn(effects)).toEqual([{ kind: 'committed', index: 4 }]);
    expect(sent(effects, 'timeout_now')).toMatchObject([{ to: n2 }]);
    expect(core.state.role).toBe('leader');
  });

  test('steps down when nobody takes over, and never stands again', () => {
    const core = leaderOf(votersUpTo(3));
    core.change({ demote: [n1] });
    core.persist();
    for (const from of [n2, n3]) acknowledge(core, from, 3);
    core.persist();
    for (const from of [n2, n3]) acknowledge(core, from, 4);
    pass(core, ELECTION_TICKS, [n2, n3]);
    expect(core.state.role).toBe('follower');
    expect(sent(core.tick(10 * ELECTION_TICKS), 'vote')).toEqual([]);
  });

  test('in a whole cluster another leads at once, and the change is done', () => {
    for (let seed = 1; seed <= 10; seed += 1) {
      const cluster = formedCluster(5, seed);
      cluster.run(ELECTION_MS);
      const old = must(cluster.leader, 'a leader');
      cluster.change(old, seed % 2 === 0 ? { remove: [old.member] } : { demote: [old.member] });
      const has_moved = (): boolean => cluster.leader !== null && cluster.leader !== old;
      expect(cluster.runUntil(has_moved, ELECTION_MS)).toBe(true);
      expect(cluster.changes).toMatchObject([{ kind: 'committed' }]);
      expect(cluster.configuration.voters).toHaveLength(4);
    }
  });
});

describe('thesis §4.2.2: who is leaving is needed until it is known to have left', () => {
  /** n1 and n2 hold the final configuration, which n3, the only voter left, lacks. */
  const joint = { ...configurationOf({ voters: [3], outgoing: [1, 2, 3] }), voters_wanted: 1 };
  const final = { ...joint, outgoing_voters: [] };

  function leaverWith(commit_index: number): TestCore {
    const core = new TestCore();
    const entries = [configurationAt(2, 1, joint), configurationAt(3, 1, final)];
    core.ask(n2, append(1, { index: 1, term: 1 }, entries, commit_index));
    core.persist();
    return core;
  }

  test('it stands without a vote of its own, leads, and hands over to who is to stay', () => {
    const core = leaverWith(2);
    timeOut(core);
    for (const pre_vote of [true, false]) {
      core.hear(n2, voteOf(core, pre_vote));
      expect(core.state.role).toBe(pre_vote ? 'pre_candidate' : 'candidate');
      core.hear(n3, voteOf(core, pre_vote));
      core.persist();
    }
    expect(core.state.role).toBe('leader');
    confirm(core, n3, 1);
    acknowledge(core, n3, 1);
    expect(sent(acknowledge(core, n3, 4), 'timeout_now')).toMatchObject([{ to: n3 }]);
    expect(core.state.commit_index).toBe(4);
  });

  test('not when it knows that the change is committed', () => {
    const core = leaverWith(3);
    expect(sent(core.tick(5 * ELECTION_TICKS), 'vote')).toEqual([]);
  });
});

describe('scenario 15: a removed node disturbs nobody', () => {
  test('it is still sent that it is none, and then nothing more', () => {
    const core = leaderOf(votersUpTo(4));
    core.change({ remove: [n4] });
    core.persist();
    for (const from of [n2, n3]) acknowledge(core, from, 3);
    expect(latest(core)).toEqual({ ...votersUpTo(3), voters_wanted: 4, removed: [n4] });
    expect(sent(acknowledge(core, n4, 3), 'append', n4)[0]?.entries).toHaveLength(1);
    core.persist();
    for (const from of [n2, n3]) acknowledge(core, from, 4);
    expect(core.state.commit_index).toBe(4);
    acknowledge(core, n4, 4);
    core.tick();
    expect(core.state.leading?.progress.has(memberKey(n4))).toBe(true);
    // Only when it was told that this is committed may it be forgotten.
    expect(sent(core.tick(3), 'append', n4)).toMatchObject([{ leader_commit: 4 }]);
    acknowledge(core, n4, 4);
    core.tick();
    expect(core.state.leading?.progress.has(memberKey(n4))).toBe(false);
  });

  test('one that does not answer is forgotten after an election timeout', () => {
    const core = leaderOf(votersUpTo(4));
    core.change({ remove: [n4] });
    core.persist();
    for (const from of [n2, n3]) acknowledge(core, from, 3);
    core.persist();
    for (const from of [n2, n3]) acknowledge(core, from, 4);
    pass(core, ELECTION_TICKS - 1, [n2, n3]);
    expect(core.state.leading?.progress.has(memberKey(n4))).toBe(true);
    pass(core, 2, [n2, n3]);
    expect(core.state.leading?.progress.has(memberKey(n4))).toBe(false);
  });

  test('with a higher term it is not heeded while there is a leader, nor by that leader', () => {
    const follower = new TestCore({ self: n2 });
    follow(follower, n1, 1);
    for (const pre_vote of [true, false]) {
      const answer = follower.ask(n5, vote(9, { index: 9, term: 8 }, pre_vote));
      expect(answer.response).toMatchObject({ granted: false, term: 1 });
    }
    const leader = establishedLeader();
    leader.ask(n5, vote(9, { index: 9, term: 8 }));
    expect(leader.state).toMatchObject({ role: 'leader', term: 2 });
  });

  test('one that does not know that it was removed stands, and unseats nobody', () => {
    for (let seed = 1; seed <= 10; seed += 1) {
      const cluster = formedCluster(5, seed);
      cluster.run(2 * ELECTION_MS);
      const leader = must(cluster.leader, 'a leader');
      const gone = must(
        cluster.replicas.find((replica) => replica !== leader),
        'another',
      );
      cluster.partition((replica) => replica === gone);
      cluster.change(leader, { remove: [gone.member] });
      cluster.run(4 * ELECTION_MS);
      expect(cluster.configuration.voters).toHaveLength(4);
      cluster.heal();
      cluster.run(20 * ELECTION_MS);
      expect(cluster.leader).toBe(leader);
      expect(leader.core?.term).toBe(2);
      expect(gone.core?.role).not.toBe('leader');
    }
  });
});
