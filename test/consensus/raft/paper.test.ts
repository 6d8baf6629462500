import { describe, expect, test } from '@jest/globals';
import { sameMember } from '../../../src/consensus/raft/configuration.ts';
import type { Response } from '../../../src/consensus/raft/message.ts';
import {
  acknowledge,
  append,
  commandAt,
  commandsFrom,
  configurationAt,
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

/** One test for each sentence of the paper and the thesis that one core can be asked about. */

const [n1, n2, n3] = [member(1), member(2), member(3)];

function termOf(response: Response): number {
  return response.term;
}

describe('§5.1, terms', () => {
  test('a request with a stale term number is rejected, with the present term', () => {
    const core = new TestCore({ terms: [1, 4], term: 5 });
    const last_log = { index: 9, term: 4 };
    for (const message of [heartbeat(4), append(4, { index: 2, term: 4 }, []), vote(4, last_log)]) {
      const { response } = core.ask(n2, message);
      expect(response).toMatchObject({ term: 5 });
      expect(response).toMatchObject(
        response.kind === 'vote_response' ? { granted: false } : { success: false },
      );
    }
    expect(core.state.leader).toBeNull();
    expect(core.state.election_elapsed).toBe(0);
  });

  test('a stale request does not keep an election from beginning', () => {
    const core = new TestCore({ terms: [1, 4], term: 5 });
    core.tick(ELECTION_TICKS - 1);
    core.ask(n2, heartbeat(4));
    core.ask(n2, append(4, { index: 2, term: 4 }, []));
    core.tick(6);
    expect(core.state.role).toBe('pre_candidate');
  });

  test.each([
    ['heartbeat', heartbeat(7)],
    ['append', append(7, { index: 1, term: 1 }, [])],
    ['vote', vote(7, { index: 1, term: 1 })],
  ])('a larger term in a request is taken over, durably: %s', (_, message) => {
    const core = new TestCore();
    const answer = core.ask(n2, message);
    expect(core.state.term).toBe(7);
    expect(written(answer.effects)?.hard_state?.term).toBe(7);
    expect(answer.waits_for_disk).toBe(true);
    expect(termOf(answer.response)).toBe(7);
  });

  const answers_of_term_9: readonly Response[] = [
    { kind: 'vote_response', pre_vote: false, asked_term: 2, term: 9, granted: false },
    {
      kind: 'append_response',
      term: 9,
      append_id: 1,
      success: false,
      match_index: 0,
      conflict: null,
    },
    {
      kind: 'heartbeat_response',
      term: 9,
      round: 1,
      success: false,
      echo_ms: 0,
      applied_index: 0,
      last_index: 0,
    },
  ];

  test.each(answers_of_term_9.map((message) => [message.kind, message] as const))(
    'a candidate or leader that learns of a larger term reverts to follower at once: %s',
    (_, message) => {
      for (const make of [stand, lead]) {
        const core = new TestCore();
        make(core);
        const effects = core.hear(n2, message);
        expect(core.state).toMatchObject({ role: 'follower', term: 9, voted_for: null });
        expect(written(effects)?.hard_state).toEqual({ term: 9, voted_for: null });
      }
    },
  );
});

describe('§5.2, leader election', () => {
  test('a server starts as a follower, with its term and its vote', () => {
    const core = new TestCore({ term: 4, voted_for: n2 });
    expect(core.state).toMatchObject({ role: 'follower', leader: null, term: 4, voted_for: n2 });
  });

  test('it remains one as long as it hears from a leader, by heartbeats or by appends', () => {
    const core = new TestCore();
    for (let time = 0; time < 20; time += 1) {
      core.tick(ELECTION_TICKS - 1);
      const message = time % 2 === 0 ? heartbeat(2) : append(2, { index: 1, term: 1 }, []);
      core.ask(n2, message);
      expect(core.state).toMatchObject({ role: 'follower', leader: n2, term: 2 });
    }
  });

  test('with no communication over the election timeout it begins an election', () => {
    const core = new TestCore();
    follow(core, n2, 2);
    core.tick(ELECTION_TICKS - 1);
    expect(core.state.role).toBe('follower');
    const effects = core.tick(ELECTION_TICKS / 2);
    expect(core.state.role).toBe('pre_candidate');
    expect(sent(effects, 'vote').map(({ to }) => to)).toEqual([n2, n3]);
  });

  test('a candidate increments its term, votes for itself and asks all others, once that is on disk', () => {
    const core = new TestCore({ terms: [1, 3] });
    timeOut(core);
    const effects = core.hear(n2, voteOf(core, true));
    expect(core.state).toMatchObject({ role: 'candidate', term: 4, voted_for: n1 });
    expect(written(effects)?.hard_state).toEqual({ term: 4, voted_for: n1 });
    const requests = pick(effects, 'send_after_persist');
    expect(requests.map(({ to }) => to)).toEqual([n2, n3]);
    for (const { message } of requests) {
      expect(message).toMatchObject({ kind: 'vote', pre_vote: false, term: 4 });
      expect(message).toMatchObject({ last_log: { index: 2, term: 3 } });
    }
    expect(pick(effects, 'send')).toEqual([]);
  });

  test('it wins with the votes of a majority of the full cluster, for the same term', () => {
    const core = new TestCore({ configuration: votersUpTo(5) });
    stand(core);
    core.hear(n2, voteOf(core, false));
    core.hear(n2, voteOf(core, false));
    expect(core.state.role).toBe('candidate');
    const vote_of_another_term = { ...voteOf(core, false), asked_term: core.state.term - 1 };
    core.hear(n3, vote_of_another_term);
    core.hear(n3, voteOf(core, false, false));
    expect(core.state.role).toBe('candidate');
    core.hear(member(4), voteOf(core, false));
    expect(core.state).toMatchObject({ role: 'leader', leader: n1 });
  });

  test('a pre-vote is not a vote', () => {
    const core = new TestCore();
    timeOut(core);
    const late = voteOf(core, true);
    core.hear(n2, late);
    core.persist();
    core.hear(n3, late);
    expect(core.state).toMatchObject({ role: 'candidate', term: 2 });
  });

  test('a server votes for at most one candidate in a term, first come, first served', () => {
    const core = new TestCore();
    const last_log = { index: 1, term: 1 };
    expect(core.ask(n2, vote(3, last_log)).response).toMatchObject({ granted: true, term: 3 });
    expect(core.ask(n3, vote(3, last_log)).response).toMatchObject({ granted: false, term: 3 });
    expect(core.ask(n2, vote(3, last_log)).response).toMatchObject({ granted: true, term: 3 });
    expect(core.state.voted_for).toEqual(n2);
  });

  test('granting a vote restarts the election timeout; refusing one does not', () => {
    const core = new TestCore({ terms: [1, 1] });
    core.tick(ELECTION_TICKS - 1);
    core.ask(n2, vote(1, { index: 1, term: 1 }));
    expect(core.state.election_elapsed).toBe(ELECTION_TICKS - 1);
    core.ask(n2, vote(1, { index: 2, term: 1 }));
    expect(core.state.election_elapsed).toBe(0);
  });

  test('a follower that asks for pre-votes still has its vote to give in its term', () => {
    const core = new TestCore();
    // It learns of term 2 from a candidate that it refuses, and votes for nobody.
    core.ask(n3, vote(2, { index: 0, term: 0 }));
    timeOut(core);
    const { response } = core.ask(n2, vote(2, { index: 1, term: 1 }));
    expect(response).toMatchObject({ granted: true, term: 2 });
    expect(core.state).toMatchObject({ role: 'follower', voted_for: n2 });
  });

  test('the winner tells everybody at once', () => {
    const core = new TestCore({ configuration: votersUpTo(5) });
    const effects = lead(core);
    const others = [2, 3, 4, 5].map((number) => member(number));
    expect(sent(effects, 'heartbeat').map(({ to }) => to)).toEqual(others);
    expect(sent(effects, 'append').map(({ to }) => to)).toEqual(others);
  });

  test('a candidate that hears a leader of its term returns to follower and keeps its vote', () => {
    for (const message of [heartbeat(2), append(2, { index: 1, term: 1 }, [])]) {
      const core = new TestCore();
      stand(core);
      core.ask(n3, message);
      expect(core.state).toMatchObject({ role: 'follower', leader: n3, term: 2, voted_for: n1 });
    }
  });

  test('a candidate that hears a leader of an earlier term rejects it and goes on', () => {
    const core = new TestCore();
    stand(core);
    expect(core.ask(n3, heartbeat(1)).response).toMatchObject({ success: false, term: 2 });
    expect(core.state.role).toBe('candidate');
  });

  test('split votes: a candidate times out and starts anew with a larger term', () => {
    const core = new TestCore({ configuration: votersUpTo(5) });
    stand(core);
    const { term } = core.state;
    core.hear(n2, voteOf(core, false));
    core.hear(n3, voteOf(core, false, false));
    stand(core);
    expect(core.state).toMatchObject({ role: 'candidate', term: term + 1 });
  });

  test('timeouts are drawn at random from a fixed interval', () => {
    const timeouts = new Set<number>();
    for (let seed = 1; seed <= 200; seed += 1) {
      timeouts.add(new TestCore({ seed }).state.election_timeout);
    }
    expect(Math.min(...timeouts)).toBe(ELECTION_TICKS);
    expect(Math.max(...timeouts)).toBe(ELECTION_TICKS * 1.5 - 1);
  });

  test('a leader sends heartbeats periodically', () => {
    const core = new TestCore();
    lead(core);
    for (let time = 0; time < 3; time += 1) {
      const effects = core.tick(HEARTBEAT_TICKS);
      expect(sent(effects, 'heartbeat', n2)).toHaveLength(1);
      expect(sent(effects, 'heartbeat', n3)).toHaveLength(1);
    }
  });

  test('a cluster of one elects itself', () => {
    const core = new TestCore({ configuration: votersUpTo(1) });
    lead(core);
    core.persist();
    expect(core.state).toMatchObject({ role: 'leader', commit_index: 2 });
  });
});

describe('§5.3, log replication', () => {
  test('a leader appends a command and sends it to all in parallel', () => {
    const core = ready();
    const effects = core.propose('a', 'b');
    expect(written(effects)?.entries.map(({ index, term }) => [index, term])).toEqual([
      [3, 2],
      [4, 2],
    ]);
    for (const to of [n2, n3]) {
      const request = only(sent(effects, 'append', to));
      expect(request.previous).toEqual({ index: 2, term: 2 });
      expect(request.entries.map(({ request_id }) => request_id)).toEqual(['a', 'b']);
    }
  });

  test('an entry is committed once a majority holds it, and applied only then', () => {
    const core = ready();
    core.propose('a');
    core.persist();
    expect(core.state.commit_index).toBe(2);
    const effects = acknowledge(core, n2, 3);
    expect(core.state.commit_index).toBe(3);
    expect(pick(effects, 'apply_through').map(({ index }) => index)).toEqual([3]);
  });

  test('committing an entry commits all before it, those of earlier leaders too', () => {
    const core = new TestCore({ terms: [1, 1, 1, 2, 2] });
    lead(core);
    core.persist();
    acknowledge(core, n3, 6);
    expect(core.state.commit_index).toBe(6);
  });

  test('the highest committed index goes out with later appends, and alone once a tick', () => {
    const core = ready();
    core.propose('a');
    core.persist();
    acknowledge(core, n2, 3);
    acknowledge(core, n3, 3);
    const told = only(sent(core.tick(), 'append', n2));
    expect(told).toMatchObject({ leader_commit: 3, previous: { index: 3 }, entries: [] });
    acknowledge(core, n2, 3);
    expect(sent(core.tick(), 'append', n2)).toEqual([]);
    expect(only(sent(core.propose('b'), 'append', n2)).leader_commit).toBe(3);
  });

  test('a follower that learns that an entry is committed applies it, in order', () => {
    const core = new TestCore();
    const entries = commandsFrom(2, [2, 2, 2]);
    core.ask(n2, append(2, { index: 1, term: 1 }, entries));
    core.persist();
    const effects = core.ask(n2, append(2, { index: 4, term: 2 }, [], 3)).effects;
    expect(only(pick(effects, 'apply_through')).index).toBe(3);
    const more = core.ask(n2, heartbeat(2, 1, 4)).effects;
    expect(only(pick(more, 'apply_through')).index).toBe(4);
  });

  test('an entry not found at the previous index and term: the new entries are refused', () => {
    const core = new TestCore({ terms: [1, 1, 2] });
    const shorter = core.ask(n2, append(3, { index: 5, term: 3 }, commandsFrom(6, [3])));
    expect(shorter.response).toMatchObject({ success: false, conflict: { term: 0, index: 4 } });
    const other = core.ask(n2, append(3, { index: 3, term: 1 }, commandsFrom(4, [3])));
    expect(other.response).toMatchObject({ success: false, conflict: { term: 2, index: 3 } });
    expect(core.terms).toEqual([1, 1, 2]);
  });

  test('a conflicting entry and all that follow are deleted; what is new is appended', () => {
    const core = new TestCore({ terms: [1, 1, 2, 2, 2] });
    const { response, effects } = core.ask(
      n2,
      append(3, { index: 2, term: 1 }, commandsFrom(3, [3, 3])),
    );
    expect(response).toMatchObject({ success: true, match_index: 4 });
    expect(core.terms).toEqual([1, 1, 3, 3]);
    expect(written(effects)).toMatchObject({ truncate_from: 3, hard_state: { term: 3 } });
  });

  test('a leader never overwrites or deletes entries of its own log', () => {
    const core = new TestCore({ terms: [1, 1, 1] });
    const effects = [...lead(core), ...core.persist()];
    const refusal: Response = {
      kind: 'append_response',
      term: 2,
      append_id: 1,
      success: false,
      match_index: 0,
      conflict: { term: 0, index: 1 },
    };
    effects.push(...core.hear(n2, refusal), ...core.propose('a'), ...core.tick(30));
    for (const persist of pick(effects, 'persist')) expect(persist.truncate_from).toBeNull();
    expect(core.terms.slice(0, 4)).toEqual([1, 1, 1, 2]);
  });

  test('at first a leader takes nextIndex to be just after its last entry', () => {
    const core = new TestCore({ terms: [1, 1, 1] });
    const effects = lead(core);
    expect(only(sent(effects, 'append', n2)).previous).toEqual({ index: 3, term: 1 });
  });

  test('after a refusal it goes back and tries again, a whole term at a time', () => {
    const core = new TestCore({ terms: [1, 1, 4, 4, 5, 5, 5] });
    const first = only(sent(lead(core), 'append', n2));
    const effects = core.hear(n2, {
      kind: 'append_response',
      term: core.state.term,
      append_id: first.append_id,
      success: false,
      match_index: 0,
      // It has a term 3 that this leader has not: nothing of it can agree.
      conflict: { term: 3, index: 3 },
    });
    expect(only(sent(effects, 'append', n2)).previous).toEqual({ index: 2, term: 1 });
  });

  test('the follower has the term, but more of it: the leader goes back to its own last entry of it', () => {
    const core = new TestCore({ terms: [1, 1, 4, 4, 5, 5, 5] });
    const first = only(sent(lead(core), 'append', n2));
    const effects = core.hear(n2, {
      kind: 'append_response',
      term: core.state.term,
      append_id: first.append_id,
      success: false,
      match_index: 0,
      conflict: { term: 4, index: 3 },
    });
    expect(only(sent(effects, 'append', n2)).previous).toEqual({ index: 4, term: 4 });
  });

  test('once the logs are known to agree, entries go out', () => {
    const core = new TestCore({ terms: [1, 1, 1] });
    lead(core);
    expect(only(sent(acknowledge(core, n2, 3), 'append', n2))).toMatchObject({
      previous: { index: 3, term: 1 },
      entries: [{ index: 4, term: 2, kind: 'no_op' }],
    });
  });
});

describe('§5.4, safety', () => {
  test.each([
    ['an earlier last term, however long', { index: 99, term: 2 }, false],
    ['the same term and a shorter log', { index: 3, term: 3 }, false],
    ['the same log', { index: 4, term: 3 }, true],
    ['the same term and a longer log', { index: 5, term: 3 }, true],
    ['a later last term, however short', { index: 1, term: 4 }, true],
  ])('§5.4.1: a vote for a candidate with %s', (_, last_log, granted) => {
    for (const pre_vote of [false, true]) {
      const core = new TestCore({ terms: [1, 1, 3, 3], term: 4 });
      expect(core.ask(n2, vote(5, last_log, pre_vote)).response).toMatchObject({ granted });
    }
  });

  test('§5.4.2: only entries of the present term commit by counting (Figure 8)', () => {
    const core = new TestCore({ terms: [1, 2, 2] });
    lead(core);
    core.persist();
    acknowledge(core, n2, 3);
    acknowledge(core, n3, 3);
    expect(core.state.commit_index).toBe(0);
    acknowledge(core, n2, 4);
    expect(core.state.commit_index).toBe(4);
  });

  test('§5.4.3: votes given before are kept over a restart', () => {
    const core = new TestCore({ term: 3, voted_for: n2 });
    const last_log = { index: 9, term: 2 };
    expect(core.ask(n3, vote(3, last_log)).response).toMatchObject({ granted: false });
    expect(core.ask(n2, vote(3, last_log)).response).toMatchObject({ granted: true });
  });
});

describe('§5.5, crashes', () => {
  test('a lost append is sent again, after a pause or a sign of life', () => {
    const core = ready();
    const lost = only(sent(core.propose('a'), 'append', n2));
    expect(sent(core.fail(n2, lost), 'append', n2)).toEqual([]);
    const probe = only(sent(core.tick(2 * HEARTBEAT_TICKS), 'append', n2));
    expect(probe.previous.index).toBe(2);
    core.fail(n2, probe);
    const effects = confirm(core, n2, 1);
    expect(only(sent(effects, 'append', n2)).previous.index).toBe(2);
    expect(only(sent(acknowledge(core, n2, 2), 'append', n2)).entries).toHaveLength(1);
  });

  test('requests are idempotent: the second of two changes nothing', () => {
    const core = new TestCore({ terms: [1, 1] });
    const message = append(2, { index: 2, term: 1 }, commandsFrom(3, [2, 2]), 3);
    const first = core.ask(n2, message);
    core.persist();
    const second = core.ask(n2, message);
    expect(second.response).toEqual(first.response);
    expect(second.effects.map(({ kind }) => kind)).toEqual(['reply_after_persist']);
  });
});

describe('§8, clients', () => {
  test('a leader opens its term with an entry that does nothing', () => {
    const core = new TestCore();
    lead(core);
    expect(core.entries.at(-1)).toMatchObject({ index: 2, term: 2, kind: 'no_op' });
  });

  test('only a leader accepts commands', () => {
    const core = new TestCore();
    expect(only(pick(core.propose('a'), 'proposal_refused')).reason).toBe('not_leader');
    stand(core);
    expect(only(pick(core.propose('a'), 'proposal_refused')).reason).toBe('not_leader');
  });

  test('a leader answers a read when a majority has answered it since', () => {
    const core = ready();
    const effects = core.read(77);
    expect(pick(effects, 'read_ready')).toEqual([]);
    const { round } = only(sent(effects, 'heartbeat', n2));
    const answered = confirm(core, n2, round);
    expect(only(pick(answered, 'read_ready'))).toMatchObject({ token: 77, index: 2 });
  });
});

describe('thesis §4.1, configurations', () => {
  test('the latest one in the log counts, committed or not', () => {
    const core = new TestCore({ configuration: votersUpTo(1) });
    lead(core);
    core.persist();
    const larger = configurationOf({ voters: [1, 2, 3] });
    expect(pick(core.proposeConfiguration(larger), 'configuration_changed')).toHaveLength(1);
    core.persist();
    expect(core.state.commit_index).toBe(2);
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
    const core = ready();
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
    const effects = core.hear(n2, { kind: 'read_index_response', term: 2, read_index: 8 });
    expect(pick(effects, 'read_ready')).toEqual([{ kind: 'read_ready', token: 1, index: 8 }]);
    expect(sent(effects, 'read_index', n2)).toHaveLength(1);
    const more = core.hear(n2, { kind: 'read_index_response', term: 2, read_index: 9 });
    expect(pick(more, 'read_ready').map(({ token, index }) => [token, index])).toEqual([
      [2, 9],
      [3, 9],
    ]);
  });

  test('who knows no leader answers no read, nor does who does not lead', () => {
    const core = new TestCore();
    expect(only(pick(core.read(), 'read_ready')).index).toBeNull();
    const { response } = core.ask(n2, { kind: 'read_index', term: 1 });
    expect(response).toMatchObject({ read_index: null });
  });

  test('a follower that was answered commits what it shares with the leader, and no more', () => {
    const core = new TestCore({ terms: [1, 1, 1, 1] });
    core.ask(n2, append(2, { index: 2, term: 1 }, []));
    core.persist();
    core.read();
    core.hear(n2, { kind: 'read_index_response', term: 2, read_index: 4 });
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

  test('a node that was cut off does not raise its term, however long it tries', () => {
    const core = new TestCore();
    core.tick(50 * ELECTION_TICKS);
    expect(core.state.term).toBe(1);
  });
});

describe('thesis §10.2.1, writing in parallel', () => {
  test('a leader sends entries before they are on its own disk', () => {
    const core = ready();
    const effects = core.propose('a');
    expect(pick(effects, 'send').some(({ message }) => message.kind === 'append')).toBe(true);
    expect(pick(effects, 'send_after_persist')).toEqual([]);
  });

  test('and may commit them before: the others hold them; but applies them only after', () => {
    const core = ready();
    core.propose('a');
    acknowledge(core, n2, 3);
    const effects = acknowledge(core, n3, 3);
    expect(core.state.commit_index).toBe(3);
    expect(pick(effects, 'apply_through')).toEqual([]);
    expect(only(pick(core.persist(), 'apply_through')).index).toBe(3);
  });
});

/** Follows n2 in term 2, with a timeout that is not the shortest. */
function patientFollower(): TestCore {
  for (let seed = 1; ; seed += 1) {
    const core = new TestCore({ seed });
    follow(core, n2, 2);
    if (core.state.election_timeout > ELECTION_TICKS) return core;
  }
}

/** A leader of term 2 whose no-op, entry 2, is committed and known to all of its three voters. */
function ready(): TestCore {
  const core = new TestCore();
  lead(core);
  core.persist();
  for (const from of [n2, n3]) {
    acknowledge(core, from, 1);
    acknowledge(core, from, 2);
  }
  core.tick();
  for (const from of [n2, n3]) acknowledge(core, from, 2);
  expect(core.state).toMatchObject({ role: 'leader', term: 2, commit_index: 2 });
  expect(core.state.leader !== null && sameMember(core.state.leader, n1)).toBe(true);
  return core;
}
