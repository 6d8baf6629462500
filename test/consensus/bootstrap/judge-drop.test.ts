import { describe, expect, test } from '@jest/globals';
import { judgeDrop } from '../../../src/consensus/bootstrap/judge-drop.ts';
import { a, b, member, promiseOf, stateOf } from './fixtures.ts';

const wiped = member('a', 2);
const promise = promiseOf();

describe('dropping a promise', () => {
  test('scenario 12: is for the proposer that came back with another disk', () => {
    const own = stateOf(b, { promise });
    expect(judgeDrop(own, { source: wiped, promise })).toEqual({ kind: 'accept' });
  });

  test('scenario 12: names the promise exactly; another stays', () => {
    const own = stateOf(b, { promise: promiseOf({ cluster_id: 'c2' }) });
    expect(judgeDrop(own, { source: wiped, promise })).toEqual({ kind: 'already' });
    expect(judgeDrop(stateOf(b), { source: wiped, promise })).toEqual({ kind: 'already' });
  });

  test.each([
    ['has_log', stateOf(b, { promise, last_index: 1 }), wiped],
    ['has_cluster', stateOf(b, { promise, cluster_id: 'c1' }), wiped],
    ['not_the_proposer', stateOf(b, { promise }), member('c')],
    ['same_proposer', stateOf(b, { promise }), a],
    ['own_proposal', stateOf(a, { promise }), wiped],
  ])('scenario 12: is refused: %s', (reason, own, source) => {
    expect(judgeDrop(own, { source, promise })).toEqual({ kind: 'refuse', reason });
  });
});
