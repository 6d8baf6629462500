import { beforeEach, describe, expect, test } from '@jest/globals';
import type { AgendaView } from '../../src/agenda/view.ts';
import type { Member } from '../../src/consensus/raft/configuration.ts';
import { GroupReplica } from '../../src/replica/group-replica.ts';
import type { PeerStatus } from '../../src/replica/replica.ts';
import { GroupCluster } from '../support/group-cluster.ts';
import type { Replica } from '../support/group-cluster.ts';

const TICK_MS = 10;
const reported: readonly PeerStatus[] = [
  { node_id: 'n9', match_index: 1, applied_index: 1, last_contact_ms: 5 },
];

let cluster: GroupCluster;
let leader: Replica;

beforeEach(async () => {
  cluster = await GroupCluster.create(3);
  leader = await cluster.awaitLeader();
});

function over(replica: Replica, self: Member = replica.member): GroupReplica {
  return new GroupReplica({
    group_id: 'main',
    self,
    tick_ms: TICK_MS,
    group: replica.group,
    view: {} as AgendaView,
    remembered: () => null,
    clock: cluster.clock.forProcess().clock,
    reported_peers: () => reported,
    digest: () => `digest of ${replica.journal.applied_index}`,
  });
}

function followerOf(one: Replica): Replica {
  const [follower] = cluster.followers(one);
  if (follower === undefined) throw new Error('no follower');
  return follower;
}

describe('what a replica says of itself', () => {
  test('roles leader, follower, candidate, learner', async () => {
    const follower = followerOf(leader);
    expect(over(leader).status().role).toBe('leader');
    expect(over(follower).status().role).toBe('follower');
    // One with another disk is not the member that the configuration has.
    const wiped = { ...follower.member, storage_id: 'another disk' };
    expect(over(follower, wiped).status().role).toBe('learner');
    cluster.isolate(follower);
    await cluster.clock.until('it stands', () => over(follower).status().role === 'candidate');
  });

  test('digest belongs to applied_index, at every moment', async () => {
    const replicas = cluster.replicas.map((replica) => over(replica));
    const seen = new Set<number>();
    for (let number = 0; number < 20; number += 1) {
      void cluster.propose(leader, `command ${number}`);
      for (let step = 0; step < 20; step += 1) {
        await cluster.clock.advance(1);
        for (const { applied_index, digest } of replicas.map((replica) => replica.status())) {
          expect(digest).toBe(`digest of ${applied_index}`);
          seen.add(applied_index);
        }
      }
    }
    expect(seen.size).toBeGreaterThanOrEqual(20);
  });

  test('the leader knows how far each of the others is, and a follower what it was told', async () => {
    void cluster.propose(leader, 'a command');
    await cluster.clock.advance(1_000);
    const { commit_index, peers } = over(leader).status();
    const followers = cluster.followers(leader).map((one) => one.member.node_id);
    expect(peers.map((peer) => peer.node_id).toSorted()).toEqual(followers.toSorted());
    for (const peer of peers) {
      expect(peer).toMatchObject({ match_index: commit_index, applied_index: commit_index });
      expect(peer.last_contact_ms).toBeLessThan(1_000);
    }
    expect(over(followerOf(leader)).status().peers).toEqual(reported);
  });
});
