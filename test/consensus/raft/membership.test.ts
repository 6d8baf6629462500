import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { must } from '../../../src/base/assert.ts';
import {
  decodeConfiguration,
  encodeConfiguration,
} from '../../../src/consensus/raft/configuration-codec.ts';
import { allMembers, memberKey } from '../../../src/consensus/raft/configuration.ts';
import type { MembershipChange } from '../../../src/consensus/raft/membership.ts';
import {
  finalOf,
  isJoint,
  NO_CHANGE,
  planChange,
  transitionTo,
} from '../../../src/consensus/raft/membership.ts';
import {
  configurationOf,
  member,
  members,
  n1,
  n2,
  n3,
  n4,
  n5,
} from '../../support/raft-fixture.ts';

const three = configurationOf({ voters: [1, 2, 3], learners: [4] });

function plan(change: Partial<MembershipChange>, configuration = three) {
  return planChange(configuration, { ...NO_CHANGE, ...change });
}

function finally_(change: Partial<MembershipChange>, configuration = three) {
  const planned = plan(change, configuration);
  if (planned.kind === 'refused') throw new Error(planned.reason);
  return planned.final;
}

describe('what a change makes of a configuration', () => {
  test('several things at once', () => {
    const final = finally_({ add_learners: [n5], remove: [n1], promote: [n4], demote: [n2] });
    expect(final).toMatchObject({
      voters: [n3, n4],
      learners: [n2, n5],
      outgoing_voters: [],
      voters_wanted: 2,
      removed: [n1],
    });
  });

  test('a replacement: the old pair out, the new one in as a learner; the number wanted stays', () => {
    const wiped = member(2, 'b');
    expect(finally_({ remove: [n2], add_learners: [wiped] })).toMatchObject({
      voters: [n1, n3],
      learners: [n4, wiped],
      voters_wanted: 3,
      removed: [n2],
    });
  });

  test('a demotion leaves no more wanted than vote, even if some were missing before', () => {
    const short = { ...configurationOf({ voters: [1, 2, 3, 4, 5] }), voters_wanted: 7 };
    expect(finally_({ demote: [n5] }, short)).toMatchObject({ learners: [n5], voters_wanted: 4 });
    expect(finally_({ demote: [n5], voters_wanted: 6 }, short).voters_wanted).toBe(6);
    const many = { ...short, voters_wanted: 3 };
    expect(finally_({ demote: [n5] }, many).voters_wanted).toBe(3);
    expect(finally_({ remove: [n5] }, short).voters_wanted).toBe(7);
  });

  test('who was removed and is added again is no longer among the removed', () => {
    const without = finally_({ remove: [n4] });
    expect(without.removed).toEqual([n4]);
    expect(finally_({ add_learners: [n4] }, without).removed).toEqual([]);
  });

  test.each<[string, Partial<MembershipChange>]>([
    ['nothing_to_change', {}],
    ['nothing_to_change', { voters_wanted: 3 }],
    ['contradiction', { remove: [n2], demote: [n2] }],
    ['contradiction', { remove: [n2, n2] }],
    ['no_such_member', { remove: [n5] }],
    ['no_such_member', { remove: [member(2, 'b')] }],
    ['no_such_member', { promote: [n5] }],
    ['already_member', { add_learners: [n2] }],
    ['already_member', { add_learners: [member(2, 'b')] }],
    ['already_member', { add_learners: [member(5, 'a'), member(5, 'b')] }],
    ['already_voter', { promote: [n1] }],
    ['not_a_voter', { demote: [n4] }],
    ['would_leave_no_voters', { remove: [n1, n2], demote: [n3] }],
    [
      'too_many_members',
      { add_learners: members(...Array.from({ length: 61 }, (_, at) => at + 5)) },
    ],
    ['bad_number_of_voters', { voters_wanted: 0 }],
    ['bad_number_of_voters', { voters_wanted: 1.5 }],
    ['bad_number_of_voters', { voters_wanted: 65 }],
  ])('refused: %s %#', (reason, change) => {
    expect(plan(change)).toEqual({ kind: 'refused', reason });
  });

  test('changes of voters are joint first, with what follows in them; others are not', () => {
    const final = finally_({ demote: [n1], promote: [n4] });
    const joint = transitionTo(three, final);
    expect(joint).toEqual({ ...final, outgoing_voters: [n1, n2, n3] });
    expect(finalOf(joint)).toEqual(final);
    for (const change of [{ add_learners: [n5] }, { remove: [n4] }, { voters_wanted: 5 }]) {
      expect(isJoint(transitionTo(three, finally_(change)))).toBe(false);
    }
  });

  test('whatever is planned can be encoded, keeps voters, and names each node once', () => {
    const everybody = [...members(1, 2, 3, 4, 5, 6), member(1, 'b'), member(4, 'b')];
    const some = fc.subarray(everybody);
    fc.assert(
      fc.property(
        fc.record({
          add_learners: some,
          remove: some,
          promote: some,
          demote: some,
          voters_wanted: fc.option(fc.nat({ max: 70 })),
        }),
        (change) => {
          const planned = planChange(three, change);
          if (planned.kind === 'refused') return;
          const { final } = planned;
          const joint = transitionTo(three, final);
          expect(decodeConfiguration(encodeConfiguration(joint))).toEqual(joint);
          expect(final.voters.length).toBeGreaterThan(0);
          const names = allMembers(final).map((one) => one.node_id);
          expect(new Set(names).size).toBe(names.length);
          const keys = new Set(allMembers(final).map(memberKey));
          for (const gone of change.remove) expect(keys.has(memberKey(gone))).toBe(false);
          for (const added of change.add_learners) expect(keys.has(memberKey(added))).toBe(true);
        },
      ),
      { numRuns: 2_000 },
    );
    expect(must(plan({ voters_wanted: 5 }), 'a plan').kind).toBe('planned');
  });
});
