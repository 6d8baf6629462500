import { describe, expect, test } from '@jest/globals';
import { decodeConfiguration } from '../../../src/consensus/raft/configuration-codec.ts';
import type { Configuration, Member } from '../../../src/consensus/raft/configuration.ts';
import { entryChecksumHolds } from '../../../src/consensus/raft/seal-entry.ts';
import { planRecovery } from '../../../src/consensus/recovery/plan-recovery.ts';
import type { RecoveryPlan, Survivor } from '../../../src/consensus/recovery/plan-recovery.ts';

function memberOf(number: number, disk = number): Member {
  return { node_id: `agenda-${number}`, storage_id: `storage-${disk}` };
}

function membersOf(...numbers: readonly number[]): readonly Member[] {
  return numbers.map((number) => memberOf(number));
}

const five: Configuration = {
  cluster_id: 'cluster-1',
  voters: membersOf(1, 2, 3, 4, 5),
  outgoing_voters: [],
  learners: [],
  voters_wanted: 5,
  feature_level: 1,
  removed: [],
};

function survivor(
  number: number,
  [term, index]: readonly [number, number],
  changes: Partial<Survivor> = {},
): Survivor {
  return {
    member: memberOf(number),
    term,
    last: { index, term },
    commit_index: index - 1,
    configuration: five,
    ...changes,
  };
}

function planOf(survivors: readonly Survivor[], others: readonly string[] = []): RecoveryPlan {
  const planned = planRecovery(survivors, others);
  if (!planned.ok) throw new Error(planned.error.kind);
  return planned.value;
}

function refusalOf(survivors: readonly Survivor[], others: readonly string[] = []): unknown {
  const planned = planRecovery(survivors, others);
  return planned.ok ? 'planned' : planned.error;
}

describe('a recovery from a lost majority', () => {
  test('goes on from the log of the later term, then from the longer one', () => {
    const longer = survivor(1, [3, 90], { commit_index: 40 });
    const later = survivor(2, [4, 50]);
    expect(planOf([longer, later]).chosen).toBe(later);
    const same_term = survivor(2, [3, 89]);
    expect(planOf([same_term, longer]).chosen).toBe(longer);
    expect(planOf([same_term, longer]).compared).toEqual([longer, same_term]);
  });

  test('writes one entry behind that log, of a term that no election has reached, in a new incarnation', () => {
    const plan = planOf([survivor(1, [3, 90]), survivor(4, [3, 80], { term: 9 })]);
    expect(plan.entry).toMatchObject({ index: 91, term: 1_048_585, kind: 'configuration' });
    expect(entryChecksumHolds(plan.entry)).toBe(true);
    const written = decodeConfiguration(plan.entry.payload);
    expect(written).toEqual(plan.configuration);
    expect(written).toEqual({
      ...five,
      voters: membersOf(1, 4),
      removed: membersOf(2, 3, 5),
      incarnation: 1,
    });
    expect(plan.dead).toEqual(membersOf(2, 3, 5));
    const again = planOf([
      survivor(1, [11, 99], {
        configuration: { ...written, voters: membersOf(1, 4, 6, 7, 8) },
      }),
    ]);
    expect(again.configuration).toMatchObject({ incarnation: 2, voters: membersOf(1) });
  });

  test('nothing is lost when every majority had one of those compared', () => {
    const four = { ...five, voters: membersOf(1, 2, 3, 4) };
    const configuration = { configuration: four };
    const pair = [survivor(1, [3, 9], configuration), survivor(2, [3, 9], configuration)];
    expect(planOf(pair).may_lose).toBe(false);
    expect(planOf(pair.slice(0, 1), ['agenda-2']).may_lose).toBe(true);
    expect(planOf([survivor(1, [3, 9]), survivor(2, [3, 9])]).may_lose).toBe(true);
  });

  test('either set of a joint configuration may have decided alone', () => {
    const joint = { ...five, voters: membersOf(3, 4, 5), outgoing_voters: membersOf(1, 2, 3, 4) };
    const configuration = { configuration: joint };
    const old_half = [survivor(1, [3, 9], configuration), survivor(2, [3, 9], configuration)];
    expect(planOf(old_half).may_lose).toBe(true);
    const new_majority = [survivor(4, [3, 9], configuration), survivor(5, [3, 9], configuration)];
    expect(planOf(new_majority).may_lose).toBe(true);
    const one_of_each = [survivor(1, [3, 9], configuration), survivor(4, [3, 9], configuration)];
    expect(planOf(one_of_each).may_lose).toBe(true);
    // Of {3, 4, 5, 6} and {1, 2, 3, 4} neither has three without these two.
    const even = { configuration: { ...joint, voters: membersOf(3, 4, 5, 6) } };
    expect(planOf([survivor(3, [3, 9], even), survivor(4, [3, 9], even)]).may_lose).toBe(false);
  });

  test('a majority of one set of a joint configuration cannot go on by itself', () => {
    const joint = { ...five, voters: membersOf(3, 4, 5), outgoing_voters: membersOf(1, 2, 3, 4) };
    const configuration = { configuration: joint };
    const [one, two, three, four] = [1, 2, 3, 4].map((number) =>
      survivor(number, [3, 9], configuration),
    );
    if (one === undefined || two === undefined) throw new Error();
    if (three === undefined || four === undefined) throw new Error();
    expect(planOf([one, two, three]).configuration.voters).toHaveLength(3);
    expect(refusalOf([one, three, four])).toEqual({ kind: 'majority_left', voters: 3 });
  });

  test('survivors elsewhere are named, and learners may become voters', () => {
    const configuration = { ...five, voters: membersOf(1, 2, 3), learners: membersOf(4) };
    const plan = planOf([survivor(4, [3, 9], { configuration })], ['agenda-2']);
    expect(plan.configuration).toMatchObject({ voters: membersOf(4, 2), learners: [] });
    expect(plan.not_compared).toEqual(membersOf(2));
  });

  test('is refused when it is not needed, or not possible', () => {
    const [one, two, three] = [1, 2, 3].map((number) => survivor(number, [3, 9]));
    if (one === undefined || two === undefined || three === undefined) throw new Error();
    expect(refusalOf([one, two, three])).toEqual({ kind: 'majority_left', voters: 3 });
    expect(refusalOf([one, two], ['agenda-5'])).toEqual({ kind: 'majority_left', voters: 3 });
    expect(refusalOf([one], ['agenda-1'])).toEqual({ kind: 'named_twice', node_id: 'agenda-1' });
    expect(refusalOf([one], ['agenda-8'])).toEqual({ kind: 'no_member', node_id: 'agenda-8' });
    const wiped = survivor(2, [1, 1], { member: memberOf(2, 22) });
    expect(refusalOf([one, wiped])).toEqual({ kind: 'no_member', node_id: 'agenda-2' });
    const foreign = survivor(2, [1, 1], { configuration: { ...five, cluster_id: 'cluster-2' } });
    expect(refusalOf([one, foreign])).toEqual({
      kind: 'other_cluster',
      node_ids: ['agenda-1', 'agenda-2'],
    });
    const impossible = survivor(2, [2, 20], { commit_index: 20 });
    expect(refusalOf([one, impossible])).toEqual({ kind: 'inconsistent', node_id: 'agenda-2' });
  });
});
