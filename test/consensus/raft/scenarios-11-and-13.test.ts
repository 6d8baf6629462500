import { describe, expect, test } from '@jest/globals';
import type { Configuration } from '../../../src/consensus/raft/configuration.ts';
import { latest, leaderOf, pass, refusalOf } from '../../support/membership-fixture.ts';
import {
  acknowledge,
  append,
  commandAt,
  configurationAt,
  configurationOf,
  confirm,
  ELECTION_TICKS,
  lead,
  member,
  members,
  n1,
  n2,
  n3,
  n4,
  n5,
  sent,
  stand,
  TestCore,
  votersUpTo,
} from '../../support/raft-fixture.ts';

describe('scenario 11: the only automatic changes are those that are wanted', () => {
  const learning = (voters_wanted: number): Configuration => ({
    ...configurationOf({ voters: [1, 2, 3], learners: [4, 5] }),
    voters_wanted,
  });

  test('learners that keep up for an election timeout are promoted, as many as are wanted', () => {
    const core = leaderOf(learning(4));
    pass(core, ELECTION_TICKS - 1, [n2, n3, n4, n5]);
    expect(latest(core).voters).toHaveLength(3);
    pass(core, 3, [n2, n3, n4, n5]);
    expect(latest(core)).toMatchObject({ voters: [n1, n2, n3, n4], learners: [n5] });
    pass(core, 5 * ELECTION_TICKS, [n2, n3, n4, n5]);
    expect(latest(core).voters).toHaveLength(4);
  });

  test('several at once, when several are missing', () => {
    const core = leaderOf(learning(5));
    pass(core, ELECTION_TICKS + 3, [n2, n3, n4, n5]);
    expect(latest(core).voters).toHaveLength(5);
    expect(core.state.log.last_index).toBe(4);
  });

  test('none is promoted while there are enough, nor demoted when there are too many', () => {
    for (const wanted of [3, 2, 1]) {
      const core = leaderOf(learning(wanted));
      pass(core, 5 * ELECTION_TICKS, [n2, n3, n4, n5]);
      expect(core.state.log.last_index).toBe(2);
    }
  });

  test('one that does not answer, or does not catch up, is not', () => {
    const core = leaderOf(learning(5));
    pass(core, 5 * ELECTION_TICKS, [n2, n3, n5]);
    expect(latest(core)).toMatchObject({ voters: [n1, n2, n3, n5], learners: [n4] });
  });

  test('who was demoted on purpose is not promoted again', () => {
    const core = leaderOf(learning(3));
    core.change({ demote: [n3] });
    pass(core, 5 * ELECTION_TICKS, [n2, n3, n4, n5]);
    expect(latest(core)).toMatchObject({ voters: [n1, n2], voters_wanted: 2 });
  });

  test('not even when more were wanted than voted before', () => {
    const core = leaderOf(learning(7));
    core.change({ demote: [n3] });
    pass(core, 5 * ELECTION_TICKS, [n2, n3]);
    expect(latest(core)).toMatchObject({ voters: [n1, n2], voters_wanted: 2 });
  });

  test('a larger number wanted is enough to have one promoted', () => {
    const core = leaderOf(learning(3));
    core.change({ voters_wanted: 4 });
    pass(core, 2 * ELECTION_TICKS, [n2, n3, n4, n5]);
    expect(latest(core).voters).toHaveLength(4);
  });
});

describe('scenario 13: one that comes back with another disk is replaced by one change', () => {
  const wiped = member(3, 'b');
  const replacement = { remove: [n3], add_learners: [wiped] };

  test('not while the old pair answers: two processes run under one name', () => {
    const core = leaderOf(votersUpTo(3));
    pass(core, 2 * ELECTION_TICKS, [n2, n3]);
    expect(refusalOf(core, replacement)).toBe('still_heard');
  });

  test('not the leader itself, which needs nobody to hear it', () => {
    const core = leaderOf(votersUpTo(3));
    pass(core, 2 * ELECTION_TICKS, [n2, n3]);
    expect(refusalOf(core, { remove: [n1], add_learners: [member(1, 'b')] })).toBe('still_heard');
  });

  test('not by a leader that has not had the time to hear it', () => {
    const core = new TestCore();
    lead(core);
    core.persist();
    acknowledge(core, n2, 2);
    confirm(core, n2, 1);
    expect(refusalOf(core, replacement)).toBe('not_ready');
  });

  test('it comes in as a learner, and votes once it has kept up', () => {
    const core = leaderOf(votersUpTo(3));
    pass(core, ELECTION_TICKS + 2, [n2]);
    expect(refusalOf(core, replacement)).toBe(null);
    pass(core, 2, [n2, wiped]);
    expect(latest(core)).toMatchObject({ voters: [n1, n2], learners: [wiped], voters_wanted: 3 });
    pass(core, 2 * ELECTION_TICKS, [n2, wiped]);
    expect(latest(core)).toMatchObject({ voters: [n1, n2, wiped], learners: [] });
    expect(latest(core).removed).toEqual([n3]);
  });

  test('it stands once its log says that it votes, and not before', () => {
    const core = new TestCore({ configuration: null, self: wiped });
    const learner = { ...votersUpTo(2), learners: [wiped], voters_wanted: 3 };
    core.ask(
      n1,
      append(1, { index: 0, term: 0 }, [configurationAt(1, 1, learner), commandAt(2, 1)], 2),
    );
    core.persist();
    expect(sent(core.tick(5 * ELECTION_TICKS), 'vote')).toEqual([]);
    const voter = { ...votersUpTo(2), voters: [...members(1, 2), wiped], voters_wanted: 3 };
    core.ask(n1, append(1, { index: 2, term: 1 }, [configurationAt(3, 1, voter)], 3));
    core.persist();
    stand(core);
    expect(core.state.role).toBe('candidate');
  });
});
