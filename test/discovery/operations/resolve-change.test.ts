import { describe, expect, test } from '@jest/globals';
import type { Configuration, Member } from '../../../src/consensus/raft/configuration.ts';
import { resolveChange } from '../../../src/discovery/operations/resolve-change.ts';
import type { MembersRequest } from '../../../src/discovery/operations/wire.ts';

function memberOf(number: number, disk = number): Member {
  return { node_id: `agenda-${number}`, storage_id: `storage-${disk}` };
}

const configuration: Configuration = {
  cluster_id: 'cluster-1',
  voters: [1, 2, 3].map((number) => memberOf(number)),
  outgoing_voters: [],
  learners: [memberOf(4)],
  voters_wanted: 3,
  feature_level: 1,
  removed: [],
};

/** Replica 3 came back with an empty disk; 5 is new. */
const running_now = [memberOf(1), memberOf(2), memberOf(3, 33), memberOf(4), memberOf(5)];

function resolve(request: MembersRequest) {
  return resolveChange(request, {
    configuration,
    running: (node_id) => running_now.find((one) => one.node_id === node_id) ?? null,
  });
}

const nothing = { add_learners: [], remove: [], promote: [], demote: [], voters_wanted: null };

describe('names that an operator types, as members', () => {
  test('members are those of the configuration, newcomers those that run', () => {
    expect(resolve({ add: ['agenda-5'], remove: ['agenda-2'], demote: ['agenda-1'] })).toEqual({
      ok: true,
      value: {
        ...nothing,
        add_learners: [memberOf(5)],
        remove: [memberOf(2)],
        demote: [memberOf(1)],
      },
    });
    expect(resolve({ promote: ['agenda-4'], voters_wanted: 4 })).toEqual({
      ok: true,
      value: { ...nothing, promote: [memberOf(4)], voters_wanted: 4 },
    });
  });

  test('one that came back with an empty disk takes the place of what it was', () => {
    expect(resolve({ add: ['agenda-3'] })).toEqual({
      ok: true,
      value: { ...nothing, add_learners: [memberOf(3, 33)], remove: [memberOf(3)] },
    });
    const replace = [{ old: 'agenda-3', new: 'agenda-3' }];
    expect(resolve({ replace })).toEqual(resolve({ add: ['agenda-3'] }));
  });

  test('a replacement is promoted when it learns already, and added otherwise', () => {
    expect(resolve({ replace: [{ old: 'agenda-2', new: 'agenda-4' }] })).toEqual({
      ok: true,
      value: { ...nothing, remove: [memberOf(2)], promote: [memberOf(4)] },
    });
    expect(resolve({ replace: [{ old: 'agenda-2', new: 'agenda-5' }] })).toEqual({
      ok: true,
      value: { ...nothing, remove: [memberOf(2)], add_learners: [memberOf(5)] },
    });
  });

  test('a name that nobody has is told', () => {
    expect(resolve({ add: ['agenda-9'] })).toEqual({
      ok: false,
      error: { node_id: 'agenda-9', as: 'running' },
    });
    expect(resolve({ remove: ['agenda-5'] })).toEqual({
      ok: false,
      error: { node_id: 'agenda-5', as: 'member' },
    });
  });
});
