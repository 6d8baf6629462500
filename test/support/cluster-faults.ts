import { must } from '../../src/base/assert.ts';
import type { CoreCluster } from './core-cluster.ts';
import { ELECTION_MS } from './core-cluster.ts';
import { FAIR_WEATHER } from './weather.ts';

/** What happens to a cluster in a random schedule. All choices are the cluster's own, by its seed. */

/** One thing that goes wrong, or gets well, or is asked for. */
export function disturb(cluster: CoreCluster): void {
  const { replicas } = cluster;
  const one = must(replicas[cluster.below(replicas.length)], 'a replica');
  const other = must(replicas[cluster.below(replicas.length)], 'a replica');
  switch (cluster.below(15)) {
    case 0:
      return cluster.crash(one);
    case 1:
      return cluster.crash(cluster.leader ?? one);
    case 2:
    case 3:
      for (const replica of replicas) if (cluster.chance(60)) cluster.restart(replica);
      return undefined;
    case 4:
      return cluster.cut(one, other);
    case 5:
      return cluster.cut(cluster.leader ?? one, other);
    case 6: {
      const side = new Set(replicas.filter(() => cluster.chance(50)));
      return cluster.partition((replica) => side.has(replica));
    }
    case 7:
    case 8:
      return cluster.heal();
    case 9:
      return cluster.stallDisk(cluster.chance(50) ? (cluster.leader ?? one) : one, true);
    case 10:
      return cluster.stopClock(cluster.leader ?? one, true);
    case 11:
      for (const replica of replicas) cluster.stopClock(replica, false);
      return undefined;
    case 12:
      for (const replica of replicas) cluster.stallDisk(replica, false);
      return undefined;
    case 13:
      return cluster.transfer(
        cluster.leader ?? one,
        cluster.chance(50) ? null : other.member.node_id,
      );
    default:
      cluster.weather = {
        delay_ms_max: 1 + cluster.below(cluster.chance(20) ? 90 : 15),
        drop_percent: cluster.below(cluster.chance(30) ? 30 : 3),
        straggler_percent: cluster.below(cluster.chance(30) ? 20 : 1),
        duplicate_percent: cluster.below(30),
        disk_ms_max: 1 + cluster.below(20),
      };
      return undefined;
  }
}

export function useIt(cluster: CoreCluster): void {
  for (const replica of cluster.replicas) {
    if (cluster.chance(30)) cluster.read(replica);
    if (cluster.chance(replica.core?.role === 'leader' ? 80 : 5)) {
      cluster.propose(replica, 1 + cluster.below(4));
    }
  }
}

/** Everything works again. */
export function repair(cluster: CoreCluster): void {
  cluster.heal();
  cluster.weather = FAIR_WEATHER;
  for (const replica of cluster.replicas) {
    cluster.stallDisk(replica, false);
    cluster.stopClock(replica, false);
    cluster.restart(replica);
  }
}

/** Misfortunes that single ones seldom add up to: each has broken a real implementation. */
export function playStory(cluster: CoreCluster): void {
  const stories = [oldLeaderReads, leadersFallInTurn, minorityWritesToStalledDisks];
  must(stories[cluster.below(stories.length)], 'a story')(cluster);
}

/** A leader that is paused and cut off goes on answering reads while another commits (row 9). */
function oldLeaderReads(cluster: CoreCluster): void {
  repair(cluster);
  cluster.weather = { ...FAIR_WEATHER, straggler_percent: 60 };
  cluster.run(cluster.below(ELECTION_MS));
  const { leader } = cluster;
  if (leader === null) return;
  cluster.stopClock(leader, true);
  cluster.partition((replica) => replica === leader);
  cluster.weather = FAIR_WEATHER;
  const committed = cluster.checks.committed.length;
  cluster.runUntil(() => cluster.checks.committed.length > committed, 4 * ELECTION_MS);
  cluster.read(leader);
  for (let time = 0; time < 12; time += 1) {
    cluster.run(cluster.below(ELECTION_MS / 2));
    useIt(cluster);
  }
  cluster.heal();
}

/** Each leader is gone before its first entry is with a majority (row 5, Figure 8). */
function leadersFallInTurn(cluster: CoreCluster): void {
  repair(cluster);
  for (let time = 0; time < 16; time += 1) {
    cluster.runUntil(() => cluster.leader !== null, 3 * ELECTION_MS);
    const { leader } = cluster;
    if (leader === null) return;
    cluster.run(cluster.below(12));
    if (cluster.chance(50)) cluster.propose(leader);
    cluster.run(cluster.below(6));
    cluster.crash(leader);
    for (const replica of cluster.replicas) {
      if (replica !== leader && cluster.chance(70)) cluster.restart(replica);
    }
  }
}

/** Entries of a leader that lost its majority are overwritten while a slow disk still has them. */
function minorityWritesToStalledDisks(cluster: CoreCluster): void {
  repair(cluster);
  cluster.run(cluster.below(ELECTION_MS));
  const { leader } = cluster;
  if (leader === null) return;
  const companion = must(cluster.replicas[cluster.below(cluster.replicas.length)], 'a replica');
  cluster.partition((replica) => replica === leader || replica === companion);
  cluster.stallDisk(companion, true);
  cluster.propose(leader, 3);
  cluster.run(2 * ELECTION_MS + cluster.below(ELECTION_MS));
  useIt(cluster);
  cluster.heal();
  cluster.run(cluster.below(ELECTION_MS / 2));
  cluster.stallDisk(companion, false);
}
