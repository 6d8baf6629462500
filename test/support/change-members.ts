import type { Member } from '../../src/consensus/raft/configuration.ts';
import { allMembers } from '../../src/consensus/raft/configuration.ts';
import type { MembershipChange } from '../../src/consensus/raft/membership.ts';
import { isMember } from '../../src/consensus/raft/membership.ts';
import type { CoreCluster } from './core-cluster.ts';

/** Asks the leader for a change of membership of some kind; all choices are the cluster's own. */
export function changeSomeMembers(cluster: CoreCluster): void {
  const { leader } = cluster;
  const configuration = leader?.core?.configurations.at(-1)?.configuration;
  if (leader === null || configuration === undefined) return;
  const some = (members: readonly Member[], percent: number): Member[] =>
    members.filter(() => cluster.chance(percent));
  const strangers = cluster.replicas
    .map((replica) => replica.member)
    .filter((member) => !isMember(configuration, member));
  const remove = some(allMembers(configuration), 20);
  const rest = (members: readonly Member[]): Member[] =>
    members.filter((member) => !remove.includes(member));
  const change: MembershipChange = {
    add_learners: some(strangers, 60),
    remove,
    promote: some(rest(configuration.learners), 50),
    demote: some(rest(configuration.voters), 15),
    voters_wanted: cluster.chance(50) ? 1 + cluster.below(5) : null,
  };
  cluster.change(leader, change);
}
