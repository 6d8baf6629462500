import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { Configuration } from '../../../src/consensus/raft/configuration.ts';
import { memberKey } from '../../../src/consensus/raft/configuration.ts';
import { isQuorum, quorumValue } from '../../../src/consensus/raft/quorum.ts';
import { configurationOf, members, votersUpTo } from '../../support/raft-fixture.ts';

const everybody = Array.from({ length: 9 }, (_, position) => position + 1);
const voters = fc.subarray(everybody, { minLength: 1 });
const outgoing = fc.oneof(fc.constant([]), fc.subarray(everybody, { minLength: 1 }));
const configurations = fc.tuple(voters, outgoing);

/** "The smallest value that more than half of them have reached", by trying all values. */
function naiveValue(numbers: readonly number[], values: readonly number[]): number {
  let reached = 0;
  for (const value of values) {
    const count = numbers.filter((number) => (values[number - 1] ?? 0) >= value).length;
    if (count >= Math.floor(numbers.length / 2) + 1) reached = Math.max(reached, value);
  }
  return reached;
}

function keyed<T>(values: readonly T[], otherwise: T): (key: string) => T {
  const by_key = new Map(
    members(...everybody).map((member, position) => [memberKey(member), values[position]]),
  );
  return (key) => by_key.get(key) ?? otherwise;
}

describe('scenario 19: what is committed is what a naive count of match indexes says', () => {
  test('for any match indexes of any voters, joint or not', () => {
    const match_indexes = fc.array(fc.nat({ max: 12 }), { minLength: 9, maxLength: 9 });
    fc.assert(
      fc.property(configurations, match_indexes, ([incoming, leaving], values) => {
        const configuration = configurationOf({ voters: incoming, outgoing: leaving });
        const expected = Math.min(
          naiveValue(incoming, values),
          leaving.length === 0 ? Infinity : naiveValue(leaving, values),
        );
        expect(quorumValue(configuration, keyed(values, 0))).toBe(expected);
      }),
      { numRuns: 2_000 },
    );
  });

  test('for any votes of any voters, joint or not', () => {
    const votes = fc.array(fc.boolean(), { minLength: 9, maxLength: 9 });
    const agrees = (numbers: readonly number[], given: readonly boolean[]): boolean =>
      numbers.filter((number) => given[number - 1]).length >= Math.floor(numbers.length / 2) + 1;
    fc.assert(
      fc.property(configurations, votes, ([incoming, leaving], given) => {
        const configuration = configurationOf({ voters: incoming, outgoing: leaving });
        const expected =
          agrees(incoming, given) && (leaving.length === 0 || agrees(leaving, given));
        expect(isQuorum(configuration, keyed(given, false))).toBe(expected);
      }),
      { numRuns: 2_000 },
    );
  });

  test('learners never count', () => {
    const learning: Configuration = { ...votersUpTo(3), learners: members(4, 5, 6, 7) };
    expect(quorumValue(learning, keyed([1, 1, 1, 9, 9, 9, 9], 0))).toBe(1);
    expect(isQuorum(learning, keyed([true, false, false, true, true, true, true], false))).toBe(
      false,
    );
  });

  test('a configuration without voters decides nothing', () => {
    const nobody: Configuration = { ...votersUpTo(3), voters: [] };
    expect(() => isQuorum(nobody, () => true)).toThrow(/without voters/);
    expect(() => quorumValue(nobody, () => 1)).toThrow(/without voters/);
  });
});
