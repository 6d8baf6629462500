import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { must } from '../../../src/base/assert.ts';
import {
  acknowledge,
  append,
  commandAt,
  commandsFrom,
  configurationOf,
  confirm,
  establishedLeader,
  follow,
  heartbeat,
  HEARTBEAT_TICKS,
  lead,
  member,
  n2,
  n3,
  n4,
  n5,
  only,
  pick,
  roundOf,
  sent,
  TestCore,
  votersUpTo,
  written,
} from '../../support/raft-fixture.ts';
import { ELECTION_MS } from '../../support/core-cluster.ts';
import { formedCluster } from '../../support/formed-cluster.ts';

/** The mistakes of `consensus.md` that one core can make, by their numbers. */

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

  test('a second answer to a follower’s question settles no read that began since', () => {
    const core = new TestCore();
    core.ask(n2, heartbeat(2));
    core.persist();
    core.read(1);
    core.read(2);
    const answer = { kind: 'read_index_response', term: 2, read_id: 1, read_index: 5 } as const;
    expect(pick(core.hear(n2, answer), 'read_ready')).toHaveLength(1);
    expect(pick(core.hear(n2, answer), 'read_ready')).toEqual([]);
    core.fail(n2, { kind: 'read_index', term: 2, read_id: 1 });
    const next = { ...answer, read_id: 2, read_index: 7 };
    expect(pick(core.hear(n2, next), 'read_ready')).toEqual([
      { kind: 'read_ready', token: 2, index: 7 },
    ]);
  });

  test('who stops leading confirms none, its own or a follower’s', () => {
    const core = establishedLeader();
    const token = core.token();
    core.read(1);
    core.feed({
      kind: 'request',
      from: n3,
      token,
      message: { kind: 'read_index', term: 2, read_id: 1 },
    });
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
      priority: 0,
      last_index: 0,
      needs_snapshot_from: 0,
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
    const configuration = configurationOf({ voters: [1, 4, 5], learners: [2, 3, 6] });
    const core = new TestCore({ configuration });
    lead(core);
    core.persist();
    for (const from of [n2, n3, n4]) {
      acknowledge(core, from, 2);
      confirm(core, from, 1);
    }
    core.change({ promote: [n2, n3], demote: [n4, n5] });
    expect(core.state.configurations).toHaveLength(2);
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
