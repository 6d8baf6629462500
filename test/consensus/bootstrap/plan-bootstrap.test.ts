import { describe, expect, test } from '@jest/globals';
import { planBootstrap } from '../../../src/consensus/bootstrap/plan-bootstrap.ts';
import type {
  BootstrapState,
  OwnBootstrapState,
} from '../../../src/consensus/bootstrap/bootstrap-state.ts';
import type { BootstrapStep } from '../../../src/consensus/bootstrap/bootstrap-step.ts';
import { a, b, c, member, promiseOf, stateOf } from './fixtures.ts';

const promise = promiseOf();
const wiped_a = member('a', 2);

function plan(
  own: OwnBootstrapState,
  seen: readonly BootstrapState[],
  wanted: readonly string[] = ['a', 'b', 'c'],
): BootstrapStep {
  return planBootstrap({ own, seen, wanted, fresh_cluster_id: 'fresh' });
}

describe('the lowest member', () => {
  test('scenario 12: waits for all', () => {
    expect(plan(stateOf(a), [stateOf(b)])).toMatchObject({ kind: 'wait', nodes: ['c'] });
    expect(plan(stateOf(a), [])).toMatchObject({ kind: 'wait', nodes: ['b', 'c'] });
  });

  test('scenario 12: proposes when all have answered, with their disks', () => {
    expect(plan(stateOf(a), [stateOf(c), stateOf(b)])).toEqual({
      kind: 'hold_promise',
      reason: 'proposed',
      promise: promiseOf({ cluster_id: 'fresh' }),
    });
  });

  test('scenario 12: asks those that have not promised, and writes when all have', () => {
    const own = stateOf(a, { promise });
    expect(plan(own, [stateOf(b, { promise }), stateOf(c)])).toEqual({
      kind: 'ask_promises',
      promise,
      members: [c],
    });
    const all = [stateOf(b, { promise }), stateOf(c, { promise })];
    expect(plan(own, all)).toEqual({ kind: 'write_first_entry', promise });
    expect(plan(own, all.slice(1))).toMatchObject({ kind: 'wait', nodes: ['b'] });
  });

  test('scenario 12: does not count a promise with another number or cluster', () => {
    const own = stateOf(a, { promise: promiseOf({ proposal_number: 2 }) });
    const step = plan(own, [stateOf(b, { promise }), stateOf(c, { promise: own.promise })]);
    expect(step).toMatchObject({ kind: 'ask_promises', members: [b] });
  });

  test('scenario 13: names a member that lost its disk anew, with a higher number', () => {
    const own = stateOf(a, { promise });
    const step = plan(own, [stateOf(member('b', 2)), stateOf(c, { promise })]);
    expect(step).toEqual({
      kind: 'hold_promise',
      reason: 'proposed_anew',
      promise: promiseOf({
        cluster_id: 'fresh',
        proposal_number: 2,
        members: [a, member('b', 2), c],
      }),
    });
  });

  test('scenario 12: goes beyond what it once asked for and withdrew', () => {
    const late = promiseOf({ cluster_id: 'late', proposal_number: 4 });
    const others = [stateOf(b, { promise: late }), stateOf(c)];
    expect(plan(stateOf(a), others)).toMatchObject({ promise: { proposal_number: 5 } });
    expect(plan(stateOf(a, { promise }), others)).toMatchObject({
      reason: 'proposed_anew',
      promise: { proposal_number: 5 },
    });
  });

  test('scenario 12: with another disk has every old promise dropped, once all say: no log', () => {
    const own = stateOf(wiped_a);
    expect(plan(own, [stateOf(b, { promise })])).toMatchObject({ kind: 'wait', nodes: ['c'] });
    const log = stateOf(c, { promise, last_index: 1 });
    expect(plan(own, [stateOf(b, { promise }), log])).toMatchObject({ kind: 'wait', nodes: ['c'] });
    // A member whose disk was lost as well could have had the entry.
    expect(plan(own, [stateOf(b, { promise }), stateOf(member('c', 2))])).toMatchObject({
      kind: 'wait',
      nodes: ['c'],
    });
    expect(plan(own, [stateOf(b, { promise }), stateOf(c, { promise })])).toEqual({
      kind: 'ask_drops',
      drops: [
        { member: b, promise },
        { member: c, promise },
      ],
    });
    expect(plan(own, [stateOf(b), stateOf(c, { promise })])).toMatchObject({
      drops: [{ member: c }],
    });
    expect(plan(own, [stateOf(b), stateOf(c)])).toMatchObject({
      reason: 'proposed',
      promise: { proposer: wiped_a, proposal_number: 1 },
    });
  });

  test('scenario 12: waits while members are promised to another node', () => {
    const other = promiseOf({ proposer: b, members: [b, c] });
    const step = plan(stateOf(a), [stateOf(b, { promise: other }), stateOf(c)]);
    expect(step).toMatchObject({ kind: 'wait', nodes: ['b'] });
  });

  test('scenario 13: waits while another replica runs under its name', () => {
    const step = plan(stateOf(a), [stateOf(wiped_a), stateOf(b), stateOf(c)]);
    expect(step).toMatchObject({ kind: 'wait', nodes: ['a'] });
  });

  test('scenario 12: withdraws when it meets a formed cluster, and joins that', () => {
    const old = stateOf(member('z'), { cluster_id: 'c0', last_index: 9 });
    const own = stateOf(a, { promise });
    expect(plan(own, [stateOf(b, { promise }), stateOf(c, { promise }), old])).toEqual({
      kind: 'drop_promise',
      reason: 'withdrawn',
    });
    expect(plan(stateOf(a), [old])).toEqual({ kind: 'adopt_cluster', cluster_id: 'c0' });
  });

  test('scenario 12: withdraws when it is the lowest no more', () => {
    expect(plan(stateOf(a, { promise }), [], ['0', 'a'])).toEqual({
      kind: 'drop_promise',
      reason: 'withdrawn',
    });
  });

  test('scenario 12: alone, proposes to itself and writes', () => {
    const step = plan(stateOf(a), [], ['a']);
    const lone = promiseOf({ cluster_id: 'fresh', members: [a] });
    expect(step).toEqual({ kind: 'hold_promise', reason: 'proposed', promise: lone });
    expect(plan(stateOf(a, { promise: lone }), [], ['a'])).toEqual({
      kind: 'write_first_entry',
      promise: lone,
    });
  });
});

describe('any member', () => {
  test('scenario 12: does not propose unless it is the lowest', () => {
    expect(plan(stateOf(b), [stateOf(a), stateOf(c)])).toMatchObject({
      kind: 'wait',
      nodes: ['a'],
    });
  });

  test('scenario 12: takes the lowest by number', () => {
    const ten = stateOf(member('n-10'));
    const two = stateOf(member('n-2'));
    expect(plan(ten, [two], ['n-10', 'n-2'])).toMatchObject({ kind: 'wait', nodes: ['n-2'] });
    expect(plan(two, [ten], ['n-10', 'n-2'])).toMatchObject({ kind: 'hold_promise' });
  });

  test('scenario 12: keeps its promise while the proposer is away or has it', () => {
    const own = stateOf(b, { promise });
    expect(plan(own, [])).toMatchObject({ kind: 'wait', nodes: ['a'] });
    expect(plan(own, [stateOf(a, { promise })])).toMatchObject({ kind: 'wait' });
    expect(plan(own, [stateOf(a, { promise, last_index: 1 })])).toMatchObject({ kind: 'wait' });
    expect(plan(own, [stateOf(wiped_a)])).toMatchObject({ kind: 'wait' });
    const formed = stateOf(a, { promise, last_index: 1, cluster_id: 'c1' });
    expect(plan(own, [formed])).toMatchObject({ kind: 'wait' });
  });

  test('scenario 12: drops its promise when its proposer says that it withdrew', () => {
    const own = stateOf(b, { promise });
    const dropped = { kind: 'drop_promise', reason: 'proposer_withdrew' };
    expect(plan(own, [stateOf(a)])).toEqual(dropped);
    expect(plan(own, [stateOf(a, { cluster_id: 'c0' })])).toEqual(dropped);
  });

  test('scenario 12: with a promise is not empty: it joins no other cluster', () => {
    const old = stateOf(member('z'), { cluster_id: 'c0', last_index: 9 });
    expect(plan(stateOf(b, { promise }), [old])).toMatchObject({ kind: 'wait', nodes: ['a'] });
  });

  test('scenario 12: belongs to its cluster once the first entry is committed', () => {
    const holder = stateOf(b, { promise, last_index: 1 });
    expect(plan(holder, [])).toMatchObject({ kind: 'wait' });
    expect(plan({ ...holder, commit_index: 1 }, [])).toEqual({
      kind: 'adopt_cluster',
      cluster_id: 'c1',
    });
    expect(plan(stateOf(b, { cluster_id: 'c1' }), [])).toEqual({
      kind: 'formed',
      cluster_id: 'c1',
    });
  });

  test('scenario 12: empty, renews the promise that turned out to be written', () => {
    const holder = stateOf(c, { promise, last_index: 1 });
    expect(plan(stateOf(b), [holder])).toEqual({
      kind: 'hold_promise',
      reason: 'renewed',
      promise,
    });
    // With another disk it is not the one that was named.
    expect(plan(stateOf(member('b', 2)), [holder])).toMatchObject({ kind: 'wait' });
  });

  test('scenario 12: between two formed clusters it chooses none', () => {
    const one = stateOf(a, { cluster_id: 'c1' });
    const other = stateOf(c, { cluster_id: 'c2' });
    expect(plan(stateOf(b), [one, other])).toMatchObject({ kind: 'wait' });
  });
});

describe('a replica that CLUSTER_MEMBERS do not name', () => {
  const stranger = member('z');

  test('scenario 12: forms nothing, whoever is there', () => {
    for (const seen of [[], [stateOf(a), stateOf(b), stateOf(c)]]) {
      expect(plan(stateOf(stranger), seen)).toMatchObject({ kind: 'wait' });
    }
    // Not even when its name is the lowest.
    expect(plan(stateOf(a), [stateOf(b), stateOf(c)], ['b', 'c'])).toMatchObject({ kind: 'wait' });
  });

  test('scenario 11: joins a cluster that has formed', () => {
    const seen = [stateOf(b, { cluster_id: 'formed', last_index: 1 })];
    expect(plan(stateOf(stranger), seen)).toEqual({ kind: 'adopt_cluster', cluster_id: 'formed' });
  });
});
