import { describe, expect, test } from '@jest/globals';
import {
  acknowledge,
  append,
  commandAt,
  configurationAt,
  configurationOf,
  confirm,
  ELECTION_TICKS,
  establishedLeader,
  follow,
  lead,
  member,
  n1,
  n2,
  n3,
  only,
  pick,
  sent,
  TestCore,
  timeOut,
  vote,
  voteOf,
  votersUpTo,
  written,
} from '../../support/raft-fixture.ts';

/** One test for each sentence of the paper and the thesis that one core can be asked about. */

/** Follows n2 in term 2, with a timeout that is not the shortest. */
function patientFollower(): TestCore {
  for (let seed = 1; ; seed += 1) {
    const core = new TestCore({ seed });
    follow(core, n2, 2);
    if (core.state.election_timeout > ELECTION_TICKS) return core;
  }
}

describe('thesis §4.1, configurations', () => {
  test('the latest one in the log counts, committed or not', () => {
    const core = new TestCore();
    const larger = configurationAt(2, 1, votersUpTo(5));
    const { effects } = core.ask(n2, append(1, { index: 1, term: 1 }, [larger]));
    expect(pick(effects, 'configuration_changed')).toHaveLength(1);
    core.persist();
    expect(core.state.commit_index).toBe(0);
    expect(sent(timeOut(core), 'vote')).toHaveLength(4);
    core.hear(n2, voteOf(core, true));
    expect(core.state.role).toBe('pre_candidate');
    core.hear(n3, voteOf(core, true));
    expect(core.state.role).toBe('candidate');
  });

  test('one that is truncated counts no more', () => {
    const core = new TestCore();
    const larger = configurationAt(2, 1, votersUpTo(5));
    core.ask(n2, append(1, { index: 1, term: 1 }, [larger]));
    expect(core.state.configurations).toHaveLength(2);
    const { effects } = core.ask(n3, append(2, { index: 1, term: 1 }, [commandAt(2, 2)]));
    const changed = only(pick(effects, 'configuration_changed'));
    expect(changed.configuration).toEqual(votersUpTo(3));
  });

  test('a learner receives everything, and neither votes nor stands', () => {
    const configuration = configurationOf({ voters: [1, 2], learners: [3] });
    const learner = new TestCore({ configuration, self: n3 });
    learner.tick(5 * ELECTION_TICKS);
    expect(learner.state).toMatchObject({ role: 'follower', term: 1 });

    const leader = new TestCore({ configuration });
    lead(leader);
    leader.persist();
    acknowledge(leader, n3, 2);
    expect(leader.state.commit_index).toBe(0);
    acknowledge(leader, n2, 2);
    expect(leader.state.commit_index).toBe(2);
    expect(sent(leader.propose('a'), 'append', n3)).toHaveLength(1);
  });
});

describe('thesis §4.2.3, disruptive servers', () => {
  test('a vote asked for while a leader is heard changes neither term nor vote', () => {
    const core = patientFollower();
    core.tick(ELECTION_TICKS - 1);
    const { response, effects } = core.ask(n3, vote(9, { index: 99, term: 8 }));
    expect(response).toMatchObject({ granted: false, term: 2 });
    expect(written(effects)).toBeNull();
    expect(core.state).toMatchObject({ term: 2, leader: n2 });
    // The minimum election timeout is over, its own is not.
    core.tick();
    expect(core.state.role).toBe('follower');
    expect(core.ask(n3, vote(9, { index: 99, term: 8 })).response).toMatchObject({
      granted: true,
      term: 9,
    });
  });

  test('nor while it leads itself', () => {
    const core = establishedLeader();
    for (const pre_vote of [true, false]) {
      const { response } = core.ask(n3, vote(9, { index: 99, term: 8 }, pre_vote));
      expect(response).toMatchObject({ granted: false, term: 2 });
    }
    expect(core.state.role).toBe('leader');
  });
});

describe('thesis §6.2, a leader that nobody hears', () => {
  test('it steps down when an election timeout passes without an answer of a majority', () => {
    const core = new TestCore({ configuration: votersUpTo(5) });
    lead(core);
    core.persist();
    const { term } = core.state;
    for (let tick = 0; tick < 2 * ELECTION_TICKS; tick += 1) {
      core.tick();
      // One of five, and itself: not enough.
      if (core.state.role === 'leader') confirm(core, n2, 1);
    }
    expect(core.state).toMatchObject({ leader: null, term, voted_for: n1 });
    expect(core.state.role).not.toBe('leader');
  });

  test('it stays while a majority answers', () => {
    const core = new TestCore({ configuration: votersUpTo(5) });
    lead(core);
    core.persist();
    for (let tick = 0; tick < 5 * ELECTION_TICKS; tick += 1) {
      core.tick();
      confirm(core, n2, 1);
      confirm(core, n3, 1);
    }
    expect(core.state.role).toBe('leader');
  });
});

describe('thesis §6.4, read-only queries', () => {
  test('not before an entry of its own term is committed', () => {
    const core = new TestCore();
    lead(core);
    core.persist();
    const effects = core.read(5);
    expect(sent(effects, 'heartbeat')).toEqual([]);
    const committed = acknowledge(core, n2, 2);
    const { round } = only(sent(committed, 'heartbeat', n2));
    expect(only(pick(confirm(core, n2, round), 'read_ready'))).toMatchObject({ index: 2 });
  });

  test('a follower asks the leader; reads that come meanwhile share the next question', () => {
    const core = new TestCore();
    follow(core, n2, 2);
    expect(sent(core.read(1), 'read_index', n2)).toHaveLength(1);
    expect(sent([...core.read(2), ...core.read(3)], 'read_index')).toEqual([]);
    const effects = core.hear(n2, {
      kind: 'read_index_response',
      term: 2,
      read_id: 1,
      read_index: 8,
    });
    expect(pick(effects, 'read_ready')).toEqual([{ kind: 'read_ready', token: 1, index: 8 }]);
    expect(sent(effects, 'read_index', n2)).toHaveLength(1);
    const more = core.hear(n2, { kind: 'read_index_response', term: 2, read_id: 2, read_index: 9 });
    expect(pick(more, 'read_ready').map(({ token, index }) => [token, index])).toEqual([
      [2, 9],
      [3, 9],
    ]);
  });

  test('who knows no leader answers no read, nor does who does not lead', () => {
    const core = new TestCore();
    expect(only(pick(core.read(), 'read_ready')).index).toBeNull();
    const { response } = core.ask(n2, { kind: 'read_index', term: 1, read_id: 1 });
    expect(response).toMatchObject({ read_index: null });
  });

  test('a follower that was answered commits what it shares with the leader, and no more', () => {
    const core = new TestCore({ terms: [1, 1, 1, 1] });
    core.ask(n2, append(2, { index: 2, term: 1 }, []));
    core.persist();
    core.read();
    core.hear(n2, { kind: 'read_index_response', term: 2, read_id: 1, read_index: 4 });
    expect(core.state.commit_index).toBe(2);
  });
});

describe('thesis §9.6, pre-vote', () => {
  test('asking changes neither term nor vote, of either side', () => {
    const core = new TestCore();
    const effects = timeOut(core);
    expect(written(effects)).toBeNull();
    expect(core.state).toMatchObject({ term: 1, voted_for: null });
    expect(only(sent(effects, 'vote', n2))).toMatchObject({ pre_vote: true, term: 2 });

    const asked = new TestCore({ self: n2 });
    const { response, effects: on_asked } = asked.ask(n1, vote(2, { index: 1, term: 1 }, true));
    expect(response).toMatchObject({ granted: true, pre_vote: true, asked_term: 2, term: 1 });
    expect(written(on_asked)).toBeNull();
    expect(asked.state).toMatchObject({ term: 1, voted_for: null, role: 'follower' });
    // So it may grant another's as well.
    expect(asked.ask(n3, vote(2, { index: 1, term: 1 }, true)).response).toMatchObject({
      granted: true,
    });
  });

  test('the term is incremented only when a majority would vote', () => {
    const core = new TestCore({ configuration: votersUpTo(5) });
    timeOut(core);
    core.hear(n2, voteOf(core, true));
    core.hear(n3, voteOf(core, true, false));
    expect(core.state).toMatchObject({ role: 'pre_candidate', term: 1 });
    core.hear(member(4), voteOf(core, true));
    expect(core.state).toMatchObject({ role: 'candidate', term: 2 });
  });

  test('not granted while a leader is heard, nor for a term that is not larger', () => {
    const core = new TestCore();
    follow(core, n2, 2);
    const last_log = { index: 9, term: 2 };
    expect(core.ask(n3, vote(3, last_log, true)).response).toMatchObject({ granted: false });
    const later = new TestCore({ term: 3 });
    expect(later.ask(n3, vote(3, last_log, true)).response).toMatchObject({
      granted: false,
      term: 3,
    });
  });

  test.each([
    ['the other name comes first', n2, n1, { index: 1, term: 1 }, 'follower'],
    ['the own name comes first', n1, n2, { index: 1, term: 1 }, 'pre_candidate'],
    ['the other log goes further', n1, n2, { index: 2, term: 1 }, 'follower'],
  ] as const)('of two that ask at one moment one stands back: %s', (_, self, other, log, role) => {
    const core = new TestCore({ self });
    timeOut(core);
    const { response } = core.ask(other, vote(2, log, true));
    expect(response).toMatchObject({ granted: true });
    expect(core.state).toMatchObject({ role, term: 1 });
    core.hear(n3, voteOf(core, true));
    expect(core.state.role).toBe(role === 'follower' ? 'follower' : 'candidate');
  });

  test('a node that was cut off does not raise its term, however long it tries', () => {
    const core = new TestCore();
    core.tick(50 * ELECTION_TICKS);
    expect(core.state.term).toBe(1);
  });
});

describe('thesis §10.2.1, writing in parallel', () => {
  test('a leader sends entries before they are on its own disk', () => {
    const core = establishedLeader();
    const effects = core.propose('a');
    expect(pick(effects, 'send').some(({ message }) => message.kind === 'append')).toBe(true);
    expect(pick(effects, 'send_after_persist')).toEqual([]);
  });

  test('and may commit them before: the others hold them; but applies them only after', () => {
    const core = establishedLeader();
    core.propose('a');
    acknowledge(core, n2, 3);
    const effects = acknowledge(core, n3, 3);
    expect(core.state.commit_index).toBe(3);
    expect(pick(effects, 'apply_through')).toEqual([]);
    expect(only(pick(core.persist(), 'apply_through')).index).toBe(3);
  });
});
