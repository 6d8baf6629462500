import { describe, expect, test } from '@jest/globals';
import { must } from '../../../src/base/assert.ts';
import { memberKey } from '../../../src/consensus/raft/configuration.ts';
import type { Request } from '../../../src/consensus/raft/message.ts';
import {
  acknowledge,
  configurationOf,
  confirm,
  ELECTION_TICKS,
  establishedLeader,
  follow,
  heartbeat,
  HEARTBEAT_TICKS,
  lead,
  n1,
  n2,
  n3,
  only,
  pick,
  roundOf,
  sent,
  TestCore,
  transferVote,
  vote,
  votersUpTo,
} from '../../support/raft-fixture.ts';
import { settle } from '../../support/core-wire.ts';
import { ELECTION_MS } from '../../support/core-cluster.ts';
import { formedCluster } from '../../support/formed-cluster.ts';

const timeout_now = (term: number): Request => ({ kind: 'timeout_now', term });

function transfer(core: TestCore, target: string | null = null, token = 77) {
  return core.feed({ kind: 'transfer', token, target });
}

function outcomesIn(effects: Parameters<typeof pick>[0]) {
  return pick(effects, 'transfer_settled').map(({ outcome }) => outcome);
}

describe('thesis §3.10: the leader hands over', () => {
  test('a target that has everything is asked to stand at once, and nobody else is', () => {
    const core = establishedLeader();
    expect(sent(transfer(core, 'n3'), 'timeout_now')).toMatchObject([{ to: n3, term: 2 }]);
  });

  test('one that lacks entries gets them first', () => {
    const core = establishedLeader();
    core.propose('a');
    core.persist();
    expect(sent(transfer(core, 'n3'), 'timeout_now')).toEqual([]);
    expect(sent(acknowledge(core, n2, 3), 'timeout_now')).toEqual([]);
    expect(only(sent(acknowledge(core, n3, 3), 'timeout_now')).to).toEqual(n3);
  });

  test('without a name, the voter that lacks the least is chosen', () => {
    const core = establishedLeader();
    core.propose('a');
    core.persist();
    acknowledge(core, n3, 3);
    expect(only(sent(transfer(core), 'timeout_now')).to).toEqual(n3);
  });

  test('a voter that has not been heard of is not chosen', () => {
    const core = establishedLeader();
    for (let tick = 0; tick <= ELECTION_TICKS + 1; tick += 1) {
      core.tick();
      confirm(core, n2, 99);
    }
    expect(core.state.role).toBe('leader');
    expect(outcomesIn(transfer(core, 'n3'))).toEqual(['no_target']);
    expect(only(sent(transfer(core), 'timeout_now')).to).toEqual(n2);
  });

  test('a learner, a stranger and a follower of another are refused', () => {
    const configuration = configurationOf({ voters: [1, 2], learners: [3] });
    const core = new TestCore({ configuration });
    lead(core);
    core.persist();
    acknowledge(core, n3, 2);
    expect(outcomesIn(transfer(core, 'n3'))).toEqual(['no_target']);
    expect(outcomesIn(transfer(core, 'n9'))).toEqual(['no_target']);
    const follower = new TestCore();
    expect(outcomesIn(transfer(follower))).toEqual(['not_leader']);
  });

  test('to itself it is done, alone it cannot be, and twice at a time neither', () => {
    const core = establishedLeader();
    expect(outcomesIn(transfer(core, 'n1'))).toEqual(['transferred']);
    transfer(core, 'n2');
    expect(outcomesIn(transfer(core, 'n3'))).toEqual(['already_transferring']);
    const alone = new TestCore({ configuration: votersUpTo(1) });
    lead(alone);
    alone.persist();
    expect(outcomesIn(transfer(alone))).toEqual(['no_target']);
  });

  test('meanwhile proposals are refused, and nothing is appended', () => {
    const core = establishedLeader();
    transfer(core, 'n2');
    const [refused] = pick(core.propose('a'), 'proposal_refused');
    expect(refused?.reason).toBe('transferring');
    expect(core.state.log.last_index).toBe(2);
  });

  test('after an election timeout it gives up, and takes proposals again', () => {
    const core = establishedLeader();
    transfer(core, 'n2');
    const outcomes: string[] = [];
    for (let tick = 0; tick < ELECTION_TICKS; tick += 1) {
      expect(outcomes).toEqual([]);
      outcomes.push(...outcomesIn(core.tick()));
      confirm(core, n2, 99);
    }
    expect(outcomes).toEqual(['timed_out']);
    expect(core.state.role).toBe('leader');
    expect(pick(core.propose('a'), 'proposal_accepted')).toHaveLength(1);
  });

  test('a target that refuses, or is not reached, ends it at once', () => {
    const core = establishedLeader();
    transfer(core, 'n2');
    const refusal = { kind: 'timeout_now_response', term: 2, accepted: false } as const;
    expect(outcomesIn(core.hear(n3, refusal))).toEqual([]);
    expect(outcomesIn(core.hear(n2, refusal))).toEqual(['refused']);
    transfer(core, 'n2');
    expect(outcomesIn(core.fail(n2, timeout_now(2)))).toEqual(['refused']);
    expect(core.state.role).toBe('leader');
  });

  test('it is settled when it is known who leads: the target, or another', () => {
    for (const [leader, outcome] of [
      [n2, 'transferred'],
      [n3, 'other_leader'],
    ] as const) {
      const core = establishedLeader();
      transfer(core, 'n2');
      core.ask(n2, transferVote(3, { index: 2, term: 2 }));
      expect(core.state).toMatchObject({ role: 'follower', voted_for: n2 });
      expect(outcomesIn(core.ask(leader, heartbeat(3)).effects)).toEqual([outcome]);
    }
  });
});

describe('thesis §3.10: the target', () => {
  test('stands without asking beforehand, and says so when that is on its disk', () => {
    const core = new TestCore({ self: n2 });
    follow(core, n1, 1);
    const { effects, response, waits_for_disk } = core.ask(n1, timeout_now(1));
    expect(response).toEqual({ kind: 'timeout_now_response', term: 2, accepted: true });
    expect(waits_for_disk).toBe(true);
    expect(core.state).toMatchObject({ role: 'candidate', term: 2, voted_for: n2 });
    for (const { pre_vote, is_transfer, term } of sent(effects, 'vote')) {
      expect({ pre_vote, is_transfer, term }).toEqual({
        pre_vote: false,
        is_transfer: true,
        term: 2,
      });
    }
    expect(sent(effects, 'vote')).toHaveLength(2);
  });

  test('does not when it may not: a learner, a stalled disk, an old term', () => {
    const learner = new TestCore({
      self: n3,
      configuration: configurationOf({ voters: [1, 2], learners: [3] }),
    });
    follow(learner, n1, 1);
    expect(learner.ask(n1, timeout_now(1)).response).toMatchObject({ accepted: false, term: 1 });
    const later = new TestCore({ self: n2, term: 5 });
    expect(later.ask(n1, timeout_now(4)).response).toMatchObject({ accepted: false, term: 5 });
    const stalled = new TestCore({ self: n2 });
    stalled.ask(n1, heartbeat(2));
    for (let tick = 0; tick <= ELECTION_TICKS + 1; tick += 1) {
      stalled.tick();
      stalled.ask(n1, heartbeat(2));
    }
    expect(stalled.ask(n1, timeout_now(2)).response).toMatchObject({ accepted: false, term: 2 });
  });

  test('a repeated request does not make it stand twice', () => {
    const core = new TestCore({ self: n2 });
    follow(core, n1, 1);
    core.ask(n1, timeout_now(1));
    core.persist();
    expect(core.ask(n1, timeout_now(1)).response).toMatchObject({ accepted: false });
    expect(core.state).toMatchObject({ role: 'candidate', term: 2 });
  });
});

describe('thesis §4.2.3: a vote that the leader itself asked for', () => {
  test('is given by those who hear that leader, as none other is', () => {
    const core = new TestCore({ self: n3 });
    follow(core, n1, 1);
    const last = { index: 1, term: 1 };
    expect(core.ask(n2, vote(2, last)).response).toMatchObject({ granted: false, term: 1 });
    expect(core.ask(n2, transferVote(2, last)).response).toMatchObject({ granted: true, term: 2 });
  });

  test('and is judged like any: by the log, the term and the vote given', () => {
    const core = new TestCore({ self: n3, terms: [1, 2] });
    follow(core, n1, 2);
    expect(core.ask(n2, transferVote(3, { index: 1, term: 1 })).response).toMatchObject({
      granted: false,
    });
    expect(core.ask(n2, transferVote(1, { index: 9, term: 1 })).response).toMatchObject({
      granted: false,
    });
  });

  test('an election that it does not win is followed by ordinary ones', () => {
    const core = new TestCore({ self: n2 });
    follow(core, n1, 1);
    core.ask(n1, timeout_now(1));
    core.persist();
    const votes = sent(core.tick(3 * ELECTION_TICKS), 'vote');
    expect(votes.length).toBeGreaterThan(0);
    expect(votes.every(({ pre_vote, is_transfer }) => pre_vote && !is_transfer)).toBe(true);
  });
});

describe('scenario 10: no read rests on a promise that a transfer breaks', () => {
  test('a read during a transfer waits for a round that began after it', () => {
    const core = establishedLeader();
    confirm(core, n2, core.state.leading?.round ?? 0);
    transfer(core, 'n2');
    const effects = core.read(5);
    expect(pick(effects, 'read_ready')).toEqual([]);
    expect(pick(confirm(core, n3, roundOf(effects) - 1), 'read_ready')).toEqual([]);
    expect(pick(confirm(core, n3, roundOf(effects)), 'read_ready')).toMatchObject([{ index: 2 }]);
  });

  test('one that is not confirmed when the target wins is never answered with an index', () => {
    const core = establishedLeader();
    transfer(core, 'n2');
    const round = roundOf(core.read(5));
    const { effects } = core.ask(n2, transferVote(3, { index: 2, term: 2 }));
    expect(pick(effects, 'read_ready')).toMatchObject([{ token: 5, index: null }]);
    expect(pick(confirm(core, n3, round), 'read_ready')).toEqual([]);
  });
});

describe('transfers among whole cores', () => {
  test('the target leads after one exchange, within a heartbeat', () => {
    const cores = [n1, n2, n3].map((self, seed) => new TestCore({ self, seed: seed + 1 }));
    const [first] = cores;
    const core = must(first, 'a core');
    settle(cores, core, core.tick(2 * ELECTION_TICKS));
    expect(core.state.role).toBe('leader');
    settle(cores, core, core.tick(HEARTBEAT_TICKS));
    settle(cores, core, transfer(core, 'n3'));
    expect(cores.map(({ state }) => state.role)).toEqual(['follower', 'follower', 'leader']);
    expect(new Set(cores.map(({ state }) => state.term)).size).toBe(1);
  });

  test('is quicker than an election, loses nothing, and works over and over', () => {
    for (let seed = 1; seed <= 10; seed += 1) {
      const cluster = formedCluster(5, seed);
      for (let time = 0; time < 5; time += 1) {
        const old = must(cluster.leader, 'a leader');
        cluster.propose(old, 5);
        cluster.transfer(old);
        const has_moved = (): boolean => cluster.leader !== null && cluster.leader !== old;
        expect(cluster.runUntil(has_moved, ELECTION_MS)).toBe(true);
        cluster.run(ELECTION_MS);
        expect(cluster.outcomes).toEqual(Array.from({ length: time + 1 }, () => 'transferred'));
      }
      const last = cluster.leader?.entries.length;
      expect(cluster.replicas.map((one) => one.applied.length)).toEqual([
        last,
        last,
        last,
        last,
        last,
      ]);
      expect(cluster.acknowledged.length).toBe(25);
    }
  });

  test('a target that dies in the middle costs no leader', () => {
    const cluster = formedCluster(3, 4);
    const leader = must(cluster.leader, 'a leader');
    const target = must(
      cluster.replicas.find((one) => one !== leader),
      'another',
    );
    cluster.crash(target);
    cluster.transfer(leader, target.member.node_id);
    cluster.run(3 * ELECTION_MS);
    expect(cluster.leader).toBe(leader);
    expect(['refused', 'timed_out']).toContain(cluster.outcomes.at(-1));
    expect(leader.core?.leading?.progress.has(memberKey(target.member))).toBe(true);
    cluster.propose(leader);
    cluster.run(ELECTION_MS);
    expect(cluster.acknowledged.length).toBe(1);
  });
});
