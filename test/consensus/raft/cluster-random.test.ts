import { describe, expect, test } from '@jest/globals';
import { must } from '../../../src/base/assert.ts';
import type { Configuration } from '../../../src/consensus/raft/configuration.ts';
import { CoreCluster, ELECTION_MS } from '../../support/core-cluster.ts';
import { FAIR_WEATHER } from '../../support/weather.ts';
import { configurationOf, votersUpTo } from '../../support/raft-fixture.ts';

/**
 * Seeded schedules of faults over whole cores. The checks are in `cluster-checks.ts` and run after every
 * step. To replay one: RAFT_SEED=<seed> RAFT_SHAPE=<shape> in the environment of this file's test.
 */

const SHAPES: Readonly<Record<string, Configuration>> = {
  three: votersUpTo(3),
  five: votersUpTo(5),
  four: votersUpTo(4),
  seven: votersUpTo(7),
  joint: configurationOf({ voters: [1, 2, 3], outgoing: [3, 4, 5] }),
  learners: configurationOf({ voters: [1, 2, 3], learners: [4, 5] }),
};
const SEEDS_PER_SHAPE = Number(process.env['RAFT_SEEDS'] ?? 40);
const FAULTS_PER_RUN = 60;

/** One thing that goes wrong, or gets well, or is asked for. */
function disturb(cluster: CoreCluster): void {
  const { replicas } = cluster;
  const one = must(replicas[cluster.below(replicas.length)], 'a replica');
  const other = must(replicas[cluster.below(replicas.length)], 'a replica');
  switch (cluster.below(14)) {
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

function useIt(cluster: CoreCluster): void {
  for (const replica of cluster.replicas) {
    if (cluster.chance(30)) cluster.read(replica);
    if (cluster.chance(replica.core?.role === 'leader' ? 80 : 5)) {
      cluster.propose(replica, 1 + cluster.below(4));
    }
  }
}

function runFaults(cluster: CoreCluster): void {
  for (let fault = 0; fault < FAULTS_PER_RUN; fault += 1) {
    if (cluster.chance(60)) disturb(cluster);
    for (let use = cluster.below(4); use >= 0; use -= 1) {
      useIt(cluster);
      cluster.run(1 + cluster.below(30));
    }
  }
}

/** Everything works again: then so must the cluster, soon. */
function healAndConverge(cluster: CoreCluster): void {
  cluster.heal();
  cluster.weather = FAIR_WEATHER;
  for (const replica of cluster.replicas) {
    cluster.stallDisk(replica, false);
    cluster.stopClock(replica, false);
    cluster.restart(replica);
  }
  const acknowledged = cluster.acknowledged.length;
  const is_serving = cluster.runUntil(() => {
    if (cluster.leader !== null && cluster.acknowledged.length === acknowledged) {
      cluster.propose(cluster.leader);
      cluster.read(cluster.leader);
    }
    return cluster.acknowledged.length > acknowledged;
  }, 20 * ELECTION_MS);
  expect(is_serving).toBe(true);
  const has_converged = cluster.runUntil(
    () => cluster.replicas.every((one) => one.applied.length === cluster.checks.committed.length),
    20 * ELECTION_MS,
  );
  expect(has_converged).toBe(true);
  for (const { index, term } of cluster.acknowledged) {
    for (const replica of cluster.replicas) {
      expect(replica.applied[index - 1]?.term).toBe(term);
    }
  }
}

function runSeed(shape: string, seed: number): CoreCluster {
  const cluster = new CoreCluster(must(SHAPES[shape], 'a known shape'), seed);
  try {
    runFaults(cluster);
    healAndConverge(cluster);
  } catch (cause) {
    const at = `${cluster.now_ms} ms, step ${cluster.steps}`;
    const replay =
      `RAFT_SHAPE=${shape} RAFT_SEED=${seed} ` +
      'npm run jest -- test/consensus/raft/cluster-random.test.ts';
    throw new Error(`at ${at}: ${String(cause)}\nreplay: ${replay}`, { cause });
  }
  return cluster;
}

const chosen_seed = process.env['RAFT_SEED'];
const chosen_shape = process.env['RAFT_SHAPE'];

describe('random faults over whole clusters', () => {
  for (const shape of Object.keys(SHAPES)) {
    if (chosen_shape !== undefined && chosen_shape !== shape) continue;
    test(`${shape}: safe after every step, and alive when all is well again`, () => {
      const seeds =
        chosen_seed === undefined
          ? Array.from({ length: SEEDS_PER_SHAPE }, (_, position) => position + 1)
          : [Number(chosen_seed)];
      let acknowledged = 0;
      let reads_served = 0;
      let fresh_told = 0;
      for (const seed of seeds) {
        const cluster = runSeed(shape, seed);
        acknowledged += cluster.acknowledged.length;
        reads_served += cluster.reads_served;
        fresh_told += cluster.fresh_told;
      }
      // A schedule in which nothing is ever served would show nothing.
      expect(acknowledged).toBeGreaterThan(seeds.length);
      expect(reads_served).toBeGreaterThan(seeds.length);
      expect(fresh_told).toBeGreaterThan(seeds.length);
    });
  }

  test('a seed reproduces a run', () => {
    const [one, other] = [runSeed('five', 7), runSeed('five', 7)];
    expect(other.steps).toBe(one.steps);
    expect(other.checks.committed).toEqual(one.checks.committed);
  });
});
