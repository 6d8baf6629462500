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
  lead,
  member,
  n1,
  n2,
  n3,
  n4,
  n5,
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
import { settle } from '../../support/core-wire.ts';

/** The mistakes of `consensus.md` that one core can make, by their numbers. */

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
    core.hear(n3, { kind: 'read_index_response', term: 3, read_id: 1, read_index: 3 });
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
    ['read index', { kind: 'read_index', term: 1, read_id: 1 } as const],
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
    core.feed({
      kind: 'request',
      from: n2,
      token,
      message: { kind: 'read_index', term: 2, read_id: 1 },
    });
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
