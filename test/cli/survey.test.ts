import { describe, expect, test } from '@jest/globals';
import { must } from '../../src/base/assert.ts';
import { CallFailed } from '../../src/cli/operator/client.ts';
import { spareVoters } from '../../src/cli/operator/spare-voters.ts';
import { surveyCluster } from '../../src/cli/operator/survey.ts';
import type { Inspection } from '../../src/discovery/operations/wire.ts';
import { member, members } from '../support/raft-fixture.ts';

function configured(
  voters: readonly number[],
  outgoing: readonly number[] = [],
): NonNullable<Inspection['configuration']> {
  return {
    voters: [...members(...voters)],
    outgoing_voters: [...members(...outgoing)],
    learners: [],
    voters_wanted: voters.length,
  };
}

function inspection(number: number, changes: Partial<Inspection>): Inspection {
  return {
    ...member(number),
    version: '1',
    cluster_id: 'cluster',
    role: 'follower',
    term: 1,
    leader_id: null,
    commit_index: 1,
    applied_index: 1,
    first_index: 1,
    last_index: 1,
    last_term: 1,
    configuration: configured([1, 2, 3]),
    peers: [],
    addresses: [1, 2, 3].map((one) => ({ ...member(one), address: `host-${one}:1` })),
    ...changes,
  };
}

/** Replicas at `host-N:1`; the others do not answer. */
function clientOf(replicas: readonly Inspection[]) {
  const asked: string[] = [];
  const inspect = (address: string): Promise<Inspection> => {
    asked.push(address);
    const found = replicas.find(({ node_id }) => `host-${node_id.slice(1)}:1` === address);
    return found === undefined
      ? Promise.reject(new CallFailed(`cannot reach ${address}`))
      : Promise.resolve(found);
  };
  return { inspect, asked };
}

describe('who belongs to the cluster', () => {
  test('is what the leader of the latest term says, not who was asked and lags behind', async () => {
    const configuration = configured([2, 3, 4], [1, 2, 3]);
    const addresses = [{ ...member(4), address: 'host-4:1' }];
    const client = clientOf([
      inspection(1, {}),
      inspection(2, { role: 'leader', term: 5 }),
      inspection(3, { role: 'leader', term: 6, configuration, addresses }),
      inspection(4, { term: 6 }),
    ]);
    const survey = await surveyCluster(client, 'host-1:1');
    expect(survey.leader?.node_id).toBe('n3');
    expect(survey.configuration).toEqual(configuration);
    expect(survey.replicas.map((one) => one.member.node_id)).toEqual(['n1', 'n2', 'n3', 'n4']);
    expect(survey.replicas.every(({ said, is_voter }) => said !== null && is_voter)).toBe(true);
    // The first once to begin with; nobody is asked a second time for what the leader knows more.
    expect(client.asked.toSorted()).toEqual([1, 1, 2, 3, 4].map((number) => `host-${number}:1`));
  });

  test('without a leader, what the one that was asked says', async () => {
    const survey = await surveyCluster(clientOf([inspection(2, {})]), 'host-2:1');
    expect(survey).toMatchObject({ leader: null, configuration: configured([1, 2, 3]) });
    expect(survey.replicas.map(({ said }) => said !== null)).toEqual([false, true, false]);
  });

  test('before there are members, the one that was asked', async () => {
    const alone = inspection(2, { configuration: null });
    const { configuration, replicas } = await surveyCluster(clientOf([alone]), 'host-2:1');
    expect([configuration, replicas.length]).toEqual([null, 1]);
    expect(must(replicas[0], 'a replica')).toMatchObject({ member: member(2), is_voter: false });
  });
});

test('voters to spare are those of the set that has fewer, while there are two', () => {
  const answering = (...numbers: readonly number[]) => {
    const nodes = members(...numbers).map(({ node_id }) => node_id);
    return (voter: { readonly node_id: string }): boolean => nodes.includes(voter.node_id);
  };
  expect(spareVoters(configured([1, 2, 3, 4, 5]), answering(1, 2, 3, 4, 5))).toBe(2);
  expect(spareVoters(configured([1, 2, 3, 4, 5]), answering(1, 2))).toBe(-1);
  // Five of the six answer, and yet one set of the two has no majority.
  const joint = configured([1, 2, 3, 4, 5], [6]);
  expect(spareVoters(joint, answering(1, 2, 3, 4, 5))).toBe(-1);
  expect(spareVoters(joint, answering(1, 2, 3, 6))).toBe(0);
  expect(spareVoters(configured([6], [1, 2, 3, 4, 5]), answering(1, 2, 3, 4, 5))).toBe(-1);
});
