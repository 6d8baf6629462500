import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { must } from '../../../src/base/assert.ts';
import type { Effect } from '../../../src/consensus/raft/effect.ts';
import {
  acknowledge,
  append,
  commandAt,
  commandsFrom,
  configurationOf,
  confirm,
  ELECTION_TICKS,
  follow,
  heartbeat,
  HEARTBEAT_TICKS,
  lead,
  member,
  only,
  pick,
  sent,
  stand,
  TestCore,
  timeOut,
  vote,
  voteOf,
  votersUpTo,
  written,
} from '../../support/raft-fixture.ts';
import { CoreCluster, TICK_MS } from '../../support/core-cluster.ts';
import { settle } from '../../support/core-wire.ts';

/** The mistakes of `consensus.md` that one core can make, by their numbers. */

const [n1, n2, n3, n4, n5] = [1, 2, 3, 4, 5].map((number) => member(number)) as [
  ReturnType<typeof member>,
  ReturnType<typeof member>,
  ReturnType<typeof member>,
  ReturnType<typeof member>,
  ReturnType<typeof member>,
];
const ELECTION_MS = ELECTION_TICKS * TICK_MS;

/** A leader whose no-op is committed, with all others known to hold it. */
function establishedLeader(size = 3): TestCore {
  const core = new TestCore({ configuration: votersUpTo(size) });
  lead(core);
  core.persist();
  for (let number = 2; number <= size; number += 1) acknowledge(core, member(number), 2);
  expect(core.state).toMatchObject({ role: 'leader', commit_index: 2 });
  return core;
}

/** Everybody has the first configuration, and somebody leads. */
function formedCluster(size: number, seed: number): CoreCluster {
  const cluster = new CoreCluster(votersUpTo(size), seed);
  const is_formed = (): boolean =>
    cluster.leader !== null && cluster.replicas.every((one) => one.applied.length >= 2);
  expect(cluster.runUntil(is_formed, 20 * ELECTION_MS)).toBe(true);
  return cluster;
}

function roundOf(effects: readonly Effect[]): number {
  return must(sent(effects, 'heartbeat')[0], 'no round began').round;
}

describe('scenario 1: a follower commits no more than what the request vouches for', () => {
  test('what follows in its log may be another leader’s', () => {
    const core = new TestCore({ terms: [1, 1, 2, 2] });
    core.ask(n2, append(3, { index: 2, term: 1 }, [], 4));
    expect(core.state.commit_index).toBe(2);
  });

  test('entries that it has already vouch for themselves only', () => {
    const core = new TestCore({ terms: [1, 1, 2, 2] });
    core.ask(n2, append(3, { index: 2, term: 1 }, commandsFrom(3, [2]), 4));
    expect(core.state.commit_index).toBe(3);
  });

  test('and never more than the leader has committed', () => {
    const core = new TestCore();
    core.ask(n2, append(2, { index: 1, term: 1 }, commandsFrom(2, [2, 2, 2]), 2));
    expect(core.state.commit_index).toBe(2);
  });

  test('a refused request commits nothing', () => {
    const core = new TestCore({ terms: [1, 1, 2] });
    core.ask(n2, append(3, { index: 3, term: 1 }, [], 3));
    expect(core.state.commit_index).toBe(0);
  });

  test('a heartbeat tells each member no more than it is known to hold', () => {
    const core = new TestCore();
    lead(core);
    core.persist();
    acknowledge(core, n2, 2);
    const effects = core.tick(HEARTBEAT_TICKS);
    expect(core.state.commit_index).toBe(2);
    expect(only(sent(effects, 'heartbeat', n2)).commit_index).toBe(2);
    expect(only(sent(effects, 'heartbeat', n3)).commit_index).toBe(0);
  });

  test('nor does the answer to a read: what was shared with an earlier leader counts no more', () => {
    const core = new TestCore();
    core.ask(n2, append(2, { index: 1, term: 1 }, commandsFrom(2, [2, 2])));
    core.ask(n3, heartbeat(3));
    core.persist();
    core.read();
    core.hear(n3, { kind: 'read_index_response', term: 3, read_index: 3 });
    expect(core.state.commit_index).toBe(0);
  });
});

describe('scenario 2: term and vote are durable, together, before any answer', () => {
  test('a vote for a candidate of a new term is one write', () => {
    const core = new TestCore();
    const answer = core.ask(n2, vote(5, { index: 1, term: 1 }));
    expect(pick(answer.effects, 'persist').map(({ hard_state }) => hard_state)).toEqual([
      { term: 5, voted_for: n2 },
    ]);
    expect(answer.response).toMatchObject({ granted: true });
    expect(answer.waits_for_disk).toBe(true);
    expect(answer.effects[0]?.kind).toBe('persist');
  });

  test('the same question again waits for the disk as well', () => {
    const core = new TestCore();
    core.ask(n2, vote(5, { index: 1, term: 1 }));
    expect(core.ask(n2, vote(5, { index: 1, term: 1 })).waits_for_disk).toBe(true);
  });

  test.each([
    ['heartbeat', heartbeat(5)],
    ['read index', { kind: 'read_index', term: 1 } as const],
  ])('while a new term is not on disk, nothing speaks of it: %s', (_, message) => {
    const core = new TestCore();
    core.ask(n2, vote(5, { index: 0, term: 0 }));
    expect(core.ask(n3, message)).toMatchObject({
      response: { term: 5 },
      waits_for_disk: true,
    });
    core.persist();
    expect(core.ask(n3, message).waits_for_disk).toBe(false);
  });

  test('a leader that learns of a new term answers the reads it holds with its own', () => {
    const core = establishedLeader();
    const token = core.token();
    core.feed({ kind: 'request', from: n2, token, message: { kind: 'read_index', term: 2 } });
    const { effects } = core.ask(n3, heartbeat(7));
    expect(pick(effects, 'reply')).toEqual([
      { kind: 'reply', token, message: expect.objectContaining({ term: 2, read_index: null }) },
    ]);
  });

  test('a candidate asks for votes when its own is on disk, which counts no sooner', () => {
    const core = new TestCore();
    timeOut(core);
    const effects = core.hear(n2, voteOf(core, true));
    expect(sent(effects, 'vote')).toHaveLength(2);
    expect(pick(effects, 'send')).toEqual([]);
    core.hear(n3, voteOf(core, false));
    expect(core.state.role).toBe('candidate');
    core.persist();
    expect(core.state.role).toBe('leader');
  });

  test('a cluster of one does not lead before its vote is on disk', () => {
    const core = new TestCore({ configuration: votersUpTo(1) });
    core.tick(2 * ELECTION_TICKS - 1);
    expect(core.state).toMatchObject({ role: 'candidate' });
    core.persist();
    expect(core.state.role).toBe('leader');
  });
});

describe('scenario 3: stepping down in the same term keeps the vote', () => {
  function refusesAnother(core: TestCore): void {
    const { term } = core.state;
    expect(core.state).toMatchObject({ voted_for: n1 });
    expect(core.ask(n3, vote(term, { index: 99, term: term - 1 })).response).toMatchObject({
      granted: false,
      term,
    });
  }

  test('a candidate that hears the leader of its term', () => {
    const core = new TestCore();
    stand(core);
    core.ask(n2, heartbeat(core.state.term));
    expect(core.state.role).toBe('follower');
    refusesAnother(core);
  });

  test('a candidate that is refused by a majority', () => {
    const core = new TestCore();
    stand(core);
    for (const from of [n2, n3]) core.hear(from, voteOf(core, false, false));
    expect(core.state.role).toBe('follower');
    refusesAnother(core);
  });

  test('a leader that nobody hears', () => {
    const core = new TestCore();
    lead(core);
    core.persist();
    while (core.state.role === 'leader') core.tick();
    expect(core.state).toMatchObject({ role: 'follower', term: 2 });
    refusesAnother(core);
  });

  test('a leader whose disk has stalled', () => {
    const core = establishedLeader();
    core.propose('a');
    while (core.state.role === 'leader') {
      core.tick();
      for (const from of [n2, n3]) confirm(core, from, 1);
    }
    expect(core.state).toMatchObject({ role: 'follower', term: 2 });
    refusesAnother(core);
  });
});

describe('scenario 4: a term is durable before, or with, entries of that term', () => {
  test('a follower writes both at once', () => {
    const core = new TestCore();
    const { effects } = core.ask(n2, append(6, { index: 1, term: 1 }, [commandAt(2, 6)]));
    expect(pick(effects, 'persist')).toMatchObject([
      { hard_state: { term: 6, voted_for: null }, entries: [{ term: 6 }] },
    ]);
  });

  test('a leader writes its no-op after its term, in the order of the writes', () => {
    const core = new TestCore();
    const writes = pick([...lead(core)], 'persist');
    expect(writes).toMatchObject([
      { write_id: 1, hard_state: { term: 2 }, entries: [] },
      { write_id: 2, hard_state: null, entries: [{ term: 2, kind: 'no_op' }] },
    ]);
  });

  test('the first entry of a cluster brings the first term', () => {
    const core = new TestCore({ configuration: null });
    const effects = core.feed({ kind: 'bootstrap', configuration: votersUpTo(3) });
    expect(pick(effects, 'persist')).toMatchObject([
      { hard_state: { term: 1 }, entries: [{ index: 1, term: 1, kind: 'configuration' }] },
    ]);
  });

  test('a heartbeat may bring the term first', () => {
    const core = new TestCore();
    const first = must(written(core.ask(n2, heartbeat(6)).effects), 'no write');
    const message = append(6, { index: 1, term: 1 }, [commandAt(2, 6)]);
    const second = must(written(core.ask(n2, message).effects), 'no write');
    expect(first.hard_state?.term).toBe(6);
    expect(second.write_id).toBeGreaterThan(first.write_id);
  });
});

describe('scenario 5: only entries of the present term commit by counting; a no-op opens each term', () => {
  test('Figure 8: a majority holds an entry of an earlier term, and that is not enough', () => {
    const core = new TestCore({ configuration: votersUpTo(5), terms: [1, 2], term: 3 });
    lead(core);
    expect(core.state.term).toBe(4);
    expect(core.entries.at(-1)).toMatchObject({ index: 3, term: 4, kind: 'no_op' });
    core.persist();
    for (const from of [n2, n3, n4, n5]) acknowledge(core, from, 2);
    expect(core.state.commit_index).toBe(0);
    for (const from of [n2, n3]) acknowledge(core, from, 3);
    expect(core.state.commit_index).toBe(3);
  });

  /** (c) of Figure 8: who wrote in term 2, who in term 3. */
  function figureEight(): readonly TestCore[] {
    const logs = [[1, 2], [1, 2], [1], [1], [1, 3]];
    return logs.map(
      (terms, position) =>
        new TestCore({
          configuration: votersUpTo(5),
          self: member(position + 1),
          terms,
          term: 3,
          seed: position,
        }),
    );
  }

  function elect(cores: readonly TestCore[], position: number, reached: readonly number[]): void {
    const core = must(cores[position], 'a core');
    for (const other of cores) if (other !== core) other.tick(ELECTION_TICKS);
    settle(
      cores,
      core,
      timeOut(core),
      (from, to) =>
        (from.node_id === core.self.node_id || to.node_id === core.self.node_id) &&
        reached.some((number) => [from.node_id, to.node_id].includes(`n${number}`)),
    );
  }

  test('(d): what is not committed may be overwritten', () => {
    const cores = figureEight();
    elect(cores, 4, [2, 3, 4]);
    expect(cores[4]?.state).toMatchObject({ role: 'leader', term: 4, commit_index: 3 });
    expect(cores[1]?.terms).toEqual([1, 3, 4]);
  });

  test('(e): what is committed may not: who lacks it is not elected', () => {
    const cores = figureEight();
    elect(cores, 0, [2, 3]);
    expect(cores[0]?.state).toMatchObject({ role: 'leader', term: 4, commit_index: 3 });
    expect(cores[2]?.terms).toEqual([1, 2, 4]);
    elect(cores, 4, [2, 3, 4]);
    expect(cores[4]?.state.role).not.toBe('leader');
  });
});

describe('scenario 6: nothing is acknowledged before it is on disk', () => {
  test('a follower’s acknowledgement waits', () => {
    const core = new TestCore();
    follow(core, n2, 2);
    const answer = core.ask(n2, append(2, { index: 1, term: 1 }, [commandAt(2, 2)]));
    expect(answer).toMatchObject({ response: { success: true }, waits_for_disk: true });
    // So does one that has nothing new, while that write is under way.
    const probe = core.ask(n2, append(2, { index: 2, term: 2 }, []));
    expect(probe).toMatchObject({ response: { match_index: 2 }, waits_for_disk: true });
  });

  test('the leader’s own share counts when it is on its own disk', () => {
    const core = establishedLeader();
    core.propose('a');
    acknowledge(core, n2, 3);
    expect(core.state.commit_index).toBe(2);
    core.persist();
    expect(core.state.commit_index).toBe(3);
  });

  test('a cluster of one commits when it is on disk', () => {
    const core = new TestCore({ configuration: votersUpTo(1) });
    lead(core);
    core.persist();
    const effects = core.propose('a');
    expect(core.state.commit_index).toBe(2);
    expect(pick(effects, 'apply_through')).toEqual([]);
    expect(only(pick(core.persist(), 'apply_through')).index).toBe(3);
  });

  test('a write proves itself and those before it, not those after', () => {
    const core = new TestCore({ configuration: votersUpTo(1) });
    lead(core);
    core.persist();
    core.propose('a');
    core.propose('b');
    core.persistOne();
    expect(core.state.commit_index).toBe(3);
  });

  test('a write of the term alone proves no entry that comes after it', () => {
    const core = new TestCore();
    core.ask(n2, heartbeat(2));
    core.ask(n2, append(2, { index: 1, term: 1 }, [commandAt(2, 2)], 2));
    expect(core.state).toMatchObject({ commit_index: 2, apply_through: 1 });
    core.persistOne();
    expect(core.state).toMatchObject({ apply_through: 1 });
    core.persistOne();
    expect(core.state).toMatchObject({ apply_through: 2 });
  });

  test('a power cut takes what was not on disk, and nothing that was acknowledged', () => {
    for (let seed = 1; seed <= 10; seed += 1) {
      const cluster = formedCluster(3, seed);
      const leader = must(cluster.leader, 'a leader');
      cluster.propose(leader, 5);
      expect(cluster.runUntil(() => cluster.acknowledged.length >= 5, ELECTION_MS)).toBe(true);
      for (const replica of cluster.replicas) cluster.stallDisk(replica, true);
      cluster.propose(leader, 5);
      cluster.run(ELECTION_MS / 2);
      expect(cluster.acknowledged).toHaveLength(5);
      for (const replica of cluster.replicas) cluster.crash(replica);
      for (const replica of cluster.replicas) {
        cluster.stallDisk(replica, false);
        cluster.restart(replica);
      }
      expect(cluster.runUntil(() => cluster.leader !== null, 20 * ELECTION_MS)).toBe(true);
      cluster.propose(must(cluster.leader, 'a leader'));
      expect(cluster.runUntil(() => cluster.acknowledged.length > 5, 20 * ELECTION_MS)).toBe(true);
    }
  });
});

describe('scenario 7: AppendEntries never truncates a matching or a committed entry', () => {
  test('a shorter request that arrives late takes nothing away', () => {
    const core = new TestCore();
    const entries = commandsFrom(2, [2, 2, 2]);
    core.ask(n2, append(2, { index: 1, term: 1 }, entries));
    const late = core.ask(n2, append(2, { index: 1, term: 1 }, entries.slice(0, 1)));
    expect(late.response).toMatchObject({ success: true, match_index: 2 });
    expect(written(late.effects)).toBeNull();
    core.ask(n2, append(2, { index: 1, term: 1 }, []));
    expect(core.terms).toEqual([1, 2, 2, 2]);
  });

  test('what agrees stays when a later entry does not', () => {
    const core = new TestCore({ terms: [1, 1, 1, 2, 2] });
    const message = append(3, { index: 1, term: 1 }, commandsFrom(2, [1, 1, 3]));
    const { effects } = core.ask(n2, message);
    expect(written(effects)).toMatchObject({ truncate_from: 4, entries: [{ index: 4, term: 3 }] });
  });

  test('a request that would truncate a committed entry stops the replica', () => {
    const core = new TestCore({ terms: [1, 1, 1] });
    core.ask(n2, append(1, { index: 3, term: 1 }, [], 3));
    const message = append(2, { index: 1, term: 1 }, commandsFrom(2, [2]));
    expect(() => core.ask(n3, message)).toThrow(/committed/);
  });

  test('in whatever order and however often the requests of a leader arrive', () => {
    const terms = [1, 1, 2, 2, 4, 4, 4, 5];
    const request = fc
      .tuple(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 0, max: 8 }))
      .map(([previous, count]) => {
        const entries = commandsFrom(2, terms.slice(1)).slice(previous - 1, previous - 1 + count);
        return append(5, { index: previous, term: terms[previous - 1] ?? 0 }, entries);
      });
    const follower_terms = fc.constantFrom(
      [1],
      [1, 1, 1, 1],
      [1, 1, 2, 3, 3, 3, 3, 3, 3],
      [1, 1, 2, 2, 4, 4, 4, 4, 4, 4],
    );
    fc.assert(
      fc.property(follower_terms, fc.array(request, { maxLength: 30 }), (start, requests) => {
        const core = new TestCore({ terms: start, term: 5 });
        let agreed = 1;
        for (const message of requests) {
          const { response, effects } = core.ask(n2, message);
          if (response.kind !== 'append_response') throw new Error('another answer');
          const truncated = written(effects)?.truncate_from ?? null;
          if (truncated !== null) {
            expect(truncated).toBeGreaterThan(agreed);
            // Only where the logs part.
            expect(terms[truncated - 1]).not.toBe(start[truncated - 1]);
          }
          if (response.success) agreed = Math.max(agreed, response.match_index);
          expect(core.terms.slice(0, agreed)).toEqual(terms.slice(0, agreed));
          core.persist();
        }
      }),
    );
  });
});

describe('scenario 8: the completion of an append that was truncated meanwhile does not count', () => {
  test('the same index, written again by another leader, is not on disk yet', () => {
    const core = new TestCore();
    core.ask(n2, append(2, { index: 1, term: 1 }, commandsFrom(2, [2, 2])));
    core.ask(n3, append(3, { index: 1, term: 1 }, commandsFrom(2, [3, 3]), 3));
    expect(core.state).toMatchObject({ commit_index: 3, apply_through: 1 });
    core.persistOne();
    expect(core.state.log.persisted_index).toBe(1);
    expect(core.state.apply_through).toBe(1);
    core.persistOne();
    expect(core.state.apply_through).toBe(3);
  });

  test('it does not count towards a commit of its own when the replica leads next', () => {
    const core = new TestCore();
    core.ask(n2, append(2, { index: 1, term: 1 }, commandsFrom(2, [2, 2])));
    core.ask(n3, append(3, { index: 1, term: 1 }, [commandAt(2, 3)]));
    core.persistOne();
    expect(core.state.log.persisted_index).toBe(1);
    core.persist();
    expect(core.state.log.persisted_index).toBe(2);
  });

  test('what of it was kept counts', () => {
    const core = new TestCore();
    core.ask(n2, append(2, { index: 1, term: 1 }, commandsFrom(2, [2, 2, 2])));
    core.ask(n3, append(3, { index: 2, term: 2 }, [commandAt(3, 3)]));
    core.persistOne();
    expect(core.state.log.persisted_index).toBe(2);
  });
});

describe('scenario 9: a read needs a majority that answered after it began', () => {
  test('an answer to an earlier round confirms nothing', () => {
    const core = establishedLeader();
    const earlier = roundOf(core.tick(HEARTBEAT_TICKS));
    const round = roundOf(core.read(1));
    expect(round).toBeGreaterThan(earlier);
    expect(pick(confirm(core, n2, earlier), 'read_ready')).toEqual([]);
    expect(pick(confirm(core, n3, earlier), 'read_ready')).toEqual([]);
    expect(only(pick(confirm(core, n3, round), 'read_ready'))).toMatchObject({ index: 2 });
  });

  test('one member that answers twice is one member', () => {
    const core = establishedLeader(5);
    const round = roundOf(core.read(1));
    expect(pick(confirm(core, n2, round), 'read_ready')).toEqual([]);
    expect(pick(confirm(core, n2, round), 'read_ready')).toEqual([]);
    expect(pick(confirm(core, n3, round), 'read_ready')).toHaveLength(1);
    expect(pick(confirm(core, n3, round), 'read_ready')).toEqual([]);
  });

  test('a read that arrives during a round waits for the next one', () => {
    const core = establishedLeader();
    const first = roundOf(core.read(1));
    expect(sent(core.read(2), 'heartbeat')).toEqual([]);
    const effects = confirm(core, n2, first);
    expect(pick(effects, 'read_ready').map(({ token }) => token)).toEqual([1]);
    const second = roundOf(effects);
    expect(second).toBeGreaterThan(first);
    expect(pick(confirm(core, n3, first), 'read_ready')).toEqual([]);
    expect(pick(confirm(core, n3, second), 'read_ready').map(({ token }) => token)).toEqual([2]);
  });

  test('a later round confirms it too', () => {
    const core = establishedLeader();
    core.read(1);
    const later = roundOf(core.tick(HEARTBEAT_TICKS));
    expect(pick(confirm(core, n2, later), 'read_ready')).toHaveLength(1);
  });

  test('the index is the commit index after the read arrived', () => {
    const core = establishedLeader();
    core.propose('a');
    core.persist();
    acknowledge(core, n2, 3);
    const round = roundOf(core.read(1));
    expect(only(pick(confirm(core, n2, round), 'read_ready')).index).toBe(3);
  });

  test('no read before an entry of its own term is committed, whoever answers', () => {
    const core = new TestCore({ terms: [1, 1, 1] });
    const first = roundOf(lead(core));
    core.persist();
    core.read(1);
    const second = roundOf(core.tick(HEARTBEAT_TICKS));
    for (const round of [first, second]) {
      for (const from of [n2, n3]) {
        expect(pick(confirm(core, from, round), 'read_ready')).toEqual([]);
      }
    }
    const third = roundOf(acknowledge(core, n2, 4));
    expect(only(pick(confirm(core, n2, third), 'read_ready')).index).toBe(4);
  });

  test('who stops leading confirms none, its own or a follower’s', () => {
    const core = establishedLeader();
    const token = core.token();
    core.read(1);
    core.feed({ kind: 'request', from: n3, token, message: { kind: 'read_index', term: 2 } });
    const { effects } = core.ask(n2, heartbeat(3));
    expect(only(pick(effects, 'read_ready'))).toMatchObject({ token: 1, index: null });
    expect(only(pick(effects, 'reply'))).toMatchObject({ token, message: { read_index: null } });
  });

  test('an answer of an earlier time as leader confirms nothing', () => {
    const core = establishedLeader();
    core.tick(HEARTBEAT_TICKS);
    const late = {
      kind: 'heartbeat_response',
      term: 2,
      round: 99,
      success: true,
      echo_ms: 0,
      applied_index: 0,
      last_index: 0,
    } as const;
    core.ask(n2, heartbeat(3));
    core.persist();
    lead(core);
    core.persist();
    acknowledge(core, n2, core.state.log.last_index);
    const round = roundOf(core.read(1));
    expect(pick(core.hear(n2, late), 'read_ready')).toEqual([]);
    expect(pick(core.hear(n2, { ...late, term: 4, success: false }), 'read_ready')).toEqual([]);
    expect(pick(confirm(core, n2, round), 'read_ready')).toHaveLength(1);
  });

  test('learners and strangers confirm nothing; while joint, both majorities must', () => {
    const configuration = configurationOf({
      voters: [1, 2, 3],
      outgoing: [1, 4, 5],
      learners: [6],
    });
    const core = new TestCore({ configuration });
    lead(core);
    core.persist();
    for (const from of [n2, n4]) acknowledge(core, from, 2);
    const round = roundOf(core.read(1));
    for (const from of [member(6), member(9), n2, n3]) {
      expect(pick(confirm(core, from, round), 'read_ready')).toEqual([]);
    }
    expect(pick(confirm(core, n5, round), 'read_ready')).toHaveLength(1);
  });

  test('how fresh a replica is, is known for what it said before the round began', () => {
    const core = establishedLeader();
    const first = roundOf(core.tick(HEARTBEAT_TICKS));
    confirm(core, n2, first, 500);
    const second = roundOf(core.tick(HEARTBEAT_TICKS));
    confirm(core, n2, second, 700);
    const told = only(sent(core.tick(HEARTBEAT_TICKS), 'heartbeat', n2));
    expect(told.freshness).toEqual({ echo_ms: 500, commit_index: 2 });
  });
});

describe('scenario 11: nothing but a configuration entry changes who votes', () => {
  test('strangers may ask, answer and lead: the configuration is what it was', () => {
    const core = new TestCore();
    const [before] = core.state.configurations;
    for (let number = 1; number <= 9; number += 1) {
      const stranger = member(number, 'x');
      core.ask(stranger, vote(2, { index: 9, term: 1 }, true));
      core.ask(stranger, vote(2, { index: 9, term: 1 }));
      core.hear(stranger, { kind: 'read_index_response', term: 1, read_index: null });
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
      message: { kind: 'read_index', term: 2 },
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
    core.proposeConfiguration(configurationOf({ voters: [1, 2, 3], outgoing: [1, 2] }));
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
      expect(cluster.runUntil(() => cluster.leader !== old, 6 * ELECTION_MS)).toBe(true);
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
