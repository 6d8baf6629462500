import { describe, expect, test } from '@jest/globals';
import { judgePromise } from '../../../src/consensus/bootstrap/judge-promise.ts';
import { a, b, c, member, promiseOf, stateOf } from './fixtures.ts';

const wanted = ['c', 'a', 'b'];

describe('a promise that is asked for', () => {
  test('scenario 12: is made by an empty member', () => {
    const request = { source: a, promise: promiseOf() };
    expect(judgePromise(stateOf(b), wanted, request)).toEqual({ kind: 'accept' });
  });

  test('scenario 12: is made once', () => {
    const own = stateOf(b, { promise: promiseOf() });
    const request = { source: a, promise: promiseOf() };
    expect(judgePromise(own, wanted, request)).toEqual({ kind: 'already' });
  });

  test('scenario 12: gives way to a later one of the same pair, and only to that', () => {
    const own = stateOf(b, { promise: promiseOf({ proposal_number: 2 }) });
    function judge(promise: ReturnType<typeof promiseOf>) {
      return judgePromise(own, wanted, { source: promise.proposer, promise });
    }
    expect(judge(promiseOf({ cluster_id: 'c2', proposal_number: 3 }))).toEqual({ kind: 'accept' });
    for (const proposal_number of [1, 2]) {
      expect(judge(promiseOf({ cluster_id: 'c2', proposal_number }))).toEqual({
        kind: 'refuse',
        reason: 'older_proposal',
      });
    }
  });

  test('scenario 12: is refused to the same node with another disk, until the first is dropped', () => {
    const own = stateOf(b, { promise: promiseOf() });
    const proposer = member('a', 2);
    const promise = promiseOf({
      cluster_id: 'c2',
      proposal_number: 9,
      proposer,
      members: [proposer, b, c],
    });
    const request = { source: proposer, promise };
    expect(judgePromise(own, wanted, request)).toEqual({ kind: 'refuse', reason: 'other_promise' });
    const dropped = stateOf(b);
    expect(judgePromise(dropped, wanted, request)).toEqual({ kind: 'accept' });
  });

  test.each([
    ['a node with a cluster id', stateOf(b, { cluster_id: 'c0' }), 'has_cluster'],
    ['a node with a log', stateOf(b, { last_index: 1 }), 'has_log'],
    ['a node with another disk than named', stateOf(member('b', 2)), 'not_named'],
  ])('scenario 12: %s is not empty or not meant', (_name, own, reason) => {
    const request = { source: a, promise: promiseOf() };
    expect(judgePromise(own, wanted, request)).toEqual({ kind: 'refuse', reason });
  });

  test('scenario 12: must come from its proposer', () => {
    const request = { source: c, promise: promiseOf() };
    expect(judgePromise(stateOf(b), wanted, request)).toEqual({
      kind: 'refuse',
      reason: 'not_the_proposer',
    });
  });

  test.each([[['a', 'b']], [['a', 'b', 'c', 'd']], [['a', 'b', 'd']]])(
    'scenario 12: must name exactly CLUSTER_MEMBERS, not %p',
    (others) => {
      const request = { source: a, promise: promiseOf() };
      expect(judgePromise(stateOf(b), others, request)).toEqual({
        kind: 'refuse',
        reason: 'members_disagree',
      });
    },
  );
});
