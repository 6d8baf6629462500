import { describe, expect, test } from '@jest/globals';
import type { Response } from '../../../src/consensus/raft/message.ts';
import {
  acknowledge,
  append,
  commandsFrom,
  confirm,
  establishedLeader,
  heartbeat,
  HEARTBEAT_TICKS,
  lead,
  n2,
  n3,
  only,
  pick,
  sent,
  stand,
  TestCore,
  vote,
  written,
} from '../../support/raft-fixture.ts';

/** One test for each sentence of the paper and the thesis that one core can be asked about. */

describe('§5.3, log replication', () => {
  test('a leader appends a command and sends it to all in parallel', () => {
    const core = establishedLeader();
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
    const core = establishedLeader();
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

  test('the highest committed index goes out with later appends, and alone when none comes soon', () => {
    const core = establishedLeader();
    core.propose('a');
    core.persist();
    acknowledge(core, n2, 3);
    acknowledge(core, n3, 3);
    // A client's next write usually carries it.
    for (const _ of [1, 2]) expect(sent(core.tick(), 'append', n2)).toEqual([]);
    const told = only(sent(core.tick(), 'append', n2));
    expect(told).toMatchObject({ leader_commit: 3, previous: { index: 3 }, entries: [] });
    acknowledge(core, n2, 3);
    for (const _ of [1, 2, 3, 4]) expect(sent(core.tick(), 'append', n2)).toEqual([]);
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
    const core = establishedLeader();
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
    const core = establishedLeader();
    const effects = core.read(77);
    expect(pick(effects, 'read_ready')).toEqual([]);
    const { round } = only(sent(effects, 'heartbeat', n2));
    const answered = confirm(core, n2, round);
    expect(only(pick(answered, 'read_ready'))).toMatchObject({ token: 77, index: 2 });
  });
});
