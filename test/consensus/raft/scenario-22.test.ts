import { describe, expect, test } from '@jest/globals';
import { checkInvariants } from '../../../src/consensus/raft/invariants.ts';
import type { RaftState } from '../../../src/consensus/raft/state.ts';
import { append, n2, TestCore } from '../../support/raft-fixture.ts';

/**
 * Row 22 of the scenarios, as far as the core knows of it: applied ≤ committed ≤ last, and nothing is
 * purged or applied out of that order. The checkpoint is the simulation's (`simulation/invariants.test.ts`).
 */

/** Five entries on disk, three committed, two applied; the third may be. */
function settledCore(): TestCore {
  const core = new TestCore({ terms: [1, 1, 2, 2, 2], commit_index: 3, applied_index: 2 });
  core.tick();
  return core;
}

const before = { term: 2, commit_index: 3 };

describe('scenario 22: the order of the indexes', () => {
  test('scenario 22: what is in order passes', () => {
    const { state } = settledCore();
    expect(state).toMatchObject({ applied_index: 2, apply_through: 3, commit_index: 3 });
    expect(() => checkInvariants(state, before)).not.toThrow();
  });

  test.each<[string, (state: RaftState) => void, RegExp]>([
    ['purged > applied', ({ log }) => (log.before_first = { index: 3, term: 2 }), /was cut above/],
    ['applied > may be applied', (state) => (state.applied_index = 4), /may not be applied/],
    ['may be applied > committed', (state) => (state.apply_through = 4), /not committed/],
    ['may be applied > on disk', ({ log }) => (log.persisted_index = 2), /not on disk/],
    ['committed > last', (state) => (state.commit_index = 6), /committed beyond the end/],
    ['on disk > last', ({ log }) => (log.persisted_index = 6), /persisted beyond the end/],
    [
      'an entry’s term > the term',
      ({ log }) => log.term_starts.push({ index: 5, term: 3 }),
      /later/,
    ],
  ])('scenario 22: %s is caught', (_, breakIt, message) => {
    const { state } = settledCore();
    breakIt(state);
    expect(() => checkInvariants(state, before)).toThrow(message);
  });

  test('scenario 22: a term or a commit index that falls is caught', () => {
    const { state } = settledCore();
    expect(() => checkInvariants(state, { ...before, term: 3 })).toThrow(/terms only grow/);
    expect(() => checkInvariants(state, { ...before, commit_index: 4 })).toThrow(/only grows/);
  });

  test.each([
    ['fall', 1],
    ['stay', 2],
    ['overtake what may be applied', 4],
  ])('scenario 22: the applied index cannot %s', (_, index) => {
    const core = settledCore();
    expect(() => core.feed({ kind: 'applied', index })).toThrow(/out of turn/);
  });

  test('scenario 22: the check is made after every step', () => {
    const core = settledCore();
    core.state.log.persisted_index = 2;
    expect(() => core.tick()).toThrow(/not on disk/);
  });

  test('scenario 22: a replica does not start with a state ahead of its log', () => {
    expect(() => new TestCore({ terms: [1, 1], applied_index: 3 })).toThrow(/ahead of the log/);
    expect(new TestCore({ terms: [1, 1], commit_index: 3 }).state.commit_index).toBe(2);
  });

  test('scenario 22: whatever the leader says is committed, the order is kept at every step', () => {
    const core = new TestCore({ terms: [1] });
    for (let index = 1; index <= 4; index += 1) {
      core.ask(n2, append(1, { index, term: 1 }, [], 9));
      const { applied_index, apply_through, commit_index, log } = core.state;
      expect([applied_index, apply_through, commit_index, log.last_index]).toEqual([0, 1, 1, 1]);
    }
  });
});
