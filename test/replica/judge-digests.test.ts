import { describe, expect, test } from '@jest/globals';
import type { Configuration, Member } from '../../src/consensus/raft/configuration.ts';
import { memberKey } from '../../src/consensus/raft/configuration.ts';
import { judgeDigests } from '../../src/replica/judge-digests.ts';

function memberOf(number: number): Member {
  return { node_id: `agenda-${number}`, storage_id: `storage-${number}` };
}

function membersOf(...numbers: readonly number[]): readonly Member[] {
  return numbers.map(memberOf);
}

function configurationOf(
  voters: readonly Member[],
  changes: Partial<Configuration> = {},
): Configuration {
  return {
    cluster_id: 'cluster-1',
    voters,
    outgoing_voters: [],
    learners: [],
    voters_wanted: voters.length,
    feature_level: 1,
    removed: [],
    ...changes,
  };
}

/** What member 1 finds, whose digest is `a`. */
function judge(configuration: Configuration, digests: Readonly<Record<number, string>>) {
  const others = new Map(
    Object.entries(digests).map(([number, digest]) => [
      memberKey(memberOf(Number(number))),
      digest,
    ]),
  );
  return judgeDigests(configuration, { self: memberOf(1), own_digest: 'a', others });
}

const five = configurationOf(membersOf(1, 2, 3, 4, 5));

describe('digests of one index', () => {
  test('nobody answered: nothing is known', () => {
    expect(judge(five, {})).toEqual({ kind: 'alone' });
  });

  test('all who answered agree', () => {
    expect(judge(five, { 2: 'a', 3: 'a' })).toEqual({ kind: 'agreed', is_complete: false });
    const all = { 2: 'a', 3: 'a', 4: 'a', 5: 'a' };
    expect(judge(five, all)).toEqual({ kind: 'agreed', is_complete: true });
  });

  test('three of five agree on another: this one is wrong', () => {
    expect(judge(five, { 2: 'b', 3: 'b', 4: 'b', 5: 'a' })).toEqual({
      kind: 'odd_one_out',
      digest: 'b',
      members: membersOf(2, 3, 4),
    });
  });

  test('less than a majority of those configured only differs, though all who answered agree', () => {
    expect(judge(five, { 2: 'b', 3: 'b' })).toEqual({
      kind: 'differs',
      members: membersOf(2, 3),
    });
  });

  test('two against two only differs', () => {
    const four = configurationOf(membersOf(1, 2, 3, 4));
    expect(judge(four, { 2: 'a', 3: 'b', 4: 'b' })).toEqual({
      kind: 'differs',
      members: membersOf(3, 4),
    });
  });

  test('a majority of which each has a digest of its own finds nobody wrong', () => {
    expect(judge(five, { 2: 'b', 3: 'c', 4: 'd', 5: 'e' })).toEqual({
      kind: 'differs',
      members: membersOf(2, 3, 4, 5),
    });
  });

  test('learners are compared and do not count', () => {
    const configuration = configurationOf(membersOf(1, 2, 3), { learners: membersOf(4, 5) });
    expect(judge(configuration, { 2: 'b', 3: 'a', 4: 'b', 5: 'b' })).toEqual({
      kind: 'differs',
      members: membersOf(2, 4, 5),
    });
    const as_learner = configurationOf(membersOf(2, 3, 4), { learners: membersOf(1) });
    expect(judge(as_learner, { 2: 'b', 3: 'b' })).toMatchObject({ kind: 'odd_one_out' });
  });

  test('while joint, a majority of both sets is needed', () => {
    const joint = configurationOf(membersOf(1, 2, 3), { outgoing_voters: membersOf(1, 4, 5) });
    expect(judge(joint, { 2: 'b', 3: 'b', 4: 'a', 5: 'a' })).toMatchObject({ kind: 'differs' });
    expect(judge(joint, { 2: 'b', 3: 'b', 4: 'b', 5: 'b' })).toMatchObject({
      kind: 'odd_one_out',
    });
  });

  test('a member that came back with another disk is somebody else', () => {
    const verdict = judgeDigests(five, {
      self: memberOf(1),
      own_digest: 'a',
      others: new Map([['agenda-2/another', 'b']]),
    });
    expect(verdict).toEqual({ kind: 'alone' });
  });
});
