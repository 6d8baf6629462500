import { describe, expect, test } from '@jest/globals';
import { must } from '../../../src/base/assert.ts';
import { termAt } from '../../../src/consensus/raft/log.ts';
import {
  append,
  commandsFrom,
  configurationAt,
  configurationOf,
  follow,
  lead,
  n2,
  pick,
  TestCore,
  timeOut,
  votersUpTo,
  written,
} from '../../support/raft-fixture.ts';

/** All of these terms are on disk, committed and applied. */
function appliedCore(terms: readonly number[]): TestCore {
  const { length } = terms;
  return new TestCore({ terms, commit_index: length, applied_index: length });
}

function compact(core: TestCore, index: number) {
  return core.feed({ kind: 'compact', index });
}

describe('compaction (paper §7)', () => {
  test('one write carries the position of the cut and who voted there', () => {
    const core = appliedCore([1, 1, 2, 2, 3]);
    const write = must(written(compact(core, 3)), 'a write');
    expect(write.base).toEqual({
      index: 3,
      term: 2,
      configuration: { index: 1, configuration: votersUpTo(3) },
    });
    expect(write.truncate_from).toBeNull();
    expect(write.entries).toEqual([]);
  });

  test.each([1, 2, 3, 4, 5])('terms are known from the cut at %i on, and none before', (cut) => {
    const terms = [1, 1, 2, 2, 3];
    const core = appliedCore(terms);
    compact(core, cut);
    const known = terms.map((_, position) => termAt(core.state.log, position + 1));
    expect(known).toEqual(terms.map((term, position) => (position + 1 < cut ? null : term)));
    core.persist();
    follow(core, n2, 4);
    core.ask(n2, append(4, { index: 5, term: 3 }, commandsFrom(6, [4, 4])));
    expect(termAt(core.state.log, 7)).toBe(4);
    expect(termAt(core.state.log, 5)).toBe(3);
  });

  test('configurations before the one in force at the cut are forgotten, later ones stay', () => {
    const core = appliedCore([1, 1]);
    const second = configurationOf({ voters: [1, 2, 3], learners: [4] });
    follow(core, n2, 2);
    const entries = [configurationAt(3, 2, second), ...commandsFrom(4, [2, 2])];
    core.ask(n2, append(2, { index: 2, term: 1 }, entries, 5));
    core.persist();
    core.feed({ kind: 'applied', index: 5 });
    compact(core, 2);
    expect(core.state.configurations.map((one) => one.index)).toEqual([1, 3]);
    compact(core, 4);
    expect(core.state.configurations).toEqual([{ index: 3, configuration: second }]);
  });

  test.each([
    ['above what is applied', 5],
    ['where it is cut already', 2],
  ])('a cut %s is a broken invariant', (_, index) => {
    const core = new TestCore({ terms: [1, 1, 1, 1, 1], commit_index: 5, applied_index: 4 });
    compact(core, 2);
    expect(() => compact(core, index)).toThrow('cut');
  });

  test('an append that begins before the cut is taken from there on', () => {
    const core = appliedCore([1, 1, 1, 1]);
    compact(core, 3);
    follow(core, n2, 2);
    const entries = [...core.entries.slice(1, 4), ...commandsFrom(5, [2])];
    const { response } = core.ask(n2, append(2, { index: 1, term: 1 }, entries));
    expect(response).toMatchObject({ success: true, match_index: 5 });
    expect(core.state.log.last_index).toBe(5);
  });

  test('a replica whose whole log is cut stands, is elected and appends', () => {
    const core = appliedCore([1, 1, 1]);
    compact(core, 3);
    core.persist();
    expect(pick(timeOut(core), 'send')[0]?.message).toMatchObject({
      last_log: { index: 3, term: 1 },
    });
    const next = appliedCore([1, 1, 1]);
    compact(next, 3);
    next.persist();
    lead(next);
    expect(next.state.log.last_index).toBe(4);
    expect(termAt(next.state.log, 4)).toBe(2);
  });
});
