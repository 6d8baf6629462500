import { describe, expect, test } from '@jest/globals';
import type { Response } from '../../../src/consensus/raft/message.ts';
import {
  append,
  ELECTION_TICKS,
  follow,
  heartbeat,
  HEARTBEAT_TICKS,
  lead,
  member,
  n1,
  n2,
  n3,
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
      priority: 0,
      last_index: 0,
      needs_snapshot_from: 0,
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
