import { describe, expect, test } from '@jest/globals';
import { must } from '../../../src/base/assert.ts';
import type { Configuration, Member } from '../../../src/consensus/raft/configuration.ts';
import { changeSomeMembers } from '../../support/change-members.ts';
import { CoreCluster, ELECTION_MS } from '../../support/core-cluster.ts';
import { disturb, playStory, repair, useIt } from '../../support/cluster-faults.ts';
import { configurationOf, member, members, votersUpTo } from '../../support/raft-fixture.ts';

/**
 * Seeded schedules of faults over whole cores. The checks are in `cluster-checks.ts` and run after every
 * step. To replay one: RAFT_SEED=<seed> RAFT_SHAPE=<shape> in the environment of this file's test.
 */

interface Shape {
  readonly configuration: Configuration;
  /** With them, the members change all the time. */
  readonly newcomers?: readonly Member[];
}

const SHAPES: Readonly<Record<string, Shape>> = {
  three: { configuration: votersUpTo(3) },
  five: { configuration: votersUpTo(5) },
  four: { configuration: votersUpTo(4) },
  seven: { configuration: votersUpTo(7) },
  joint: { configuration: configurationOf({ voters: [1, 2, 3], outgoing: [3, 4, 5] }) },
  learners: { configuration: configurationOf({ voters: [1, 2, 3], learners: [4, 5] }) },
  changing: {
    configuration: votersUpTo(3),
    // Also one that comes back with another disk.
    newcomers: [...members(4, 5), member(2, 'b')],
  },
  shrinking: { configuration: votersUpTo(5), newcomers: members(6) },
};
const SEEDS_PER_SHAPE = Number(process.env['RAFT_SEEDS'] ?? 40);
const FAULTS_PER_RUN = 60;

function runFaults(cluster: CoreCluster): void {
  for (let fault = 0; fault < FAULTS_PER_RUN; fault += 1) {
    if (cluster.chance(5)) playStory(cluster);
    else if (cluster.has_newcomers && cluster.chance(30)) changeSomeMembers(cluster);
    else if (cluster.chance(60)) disturb(cluster);
    for (let use = cluster.below(4); use >= 0; use -= 1) {
      useIt(cluster);
      cluster.run(1 + cluster.below(30));
    }
  }
}

/** Everything works again: then so must the cluster, soon. */
function healAndConverge(cluster: CoreCluster): void {
  repair(cluster);
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
    () => cluster.members.every((one) => one.applied.length === cluster.checks.committed.length),
    20 * ELECTION_MS,
  );
  expect(has_converged).toBe(true);
  for (const { index, term } of cluster.acknowledged) {
    for (const replica of cluster.members) {
      expect(replica.applied[index - 1]?.term).toBe(term);
    }
  }
}

/** Those that are no members any more, or not yet, do not unseat anybody (row 15). */
function expectPeace(cluster: CoreCluster): void {
  cluster.run(3 * ELECTION_MS);
  const { leader } = cluster;
  const term = leader?.core?.term;
  expect(cluster.members).toContain(leader);
  cluster.run(10 * ELECTION_MS);
  expect(cluster.leader).toBe(leader);
  expect(leader?.core?.term).toBe(term);
}

function runSeed(shape: string, seed: number): CoreCluster {
  const { configuration, newcomers } = must(SHAPES[shape], 'a known shape');
  const cluster = new CoreCluster(configuration, seed, newcomers);
  // From their next start on; where members change, it is looked at that nobody unseats a leader.
  if (!cluster.has_newcomers) {
    for (const replica of cluster.replicas) replica.priority = cluster.below(3);
  }
  try {
    runFaults(cluster);
    healAndConverge(cluster);
    if (cluster.has_newcomers) expectPeace(cluster);
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
      let changes = 0;
      for (const seed of seeds) {
        const cluster = runSeed(shape, seed);
        acknowledged += cluster.acknowledged.length;
        reads_served += cluster.reads_served;
        fresh_told += cluster.fresh_told;
        changes += cluster.checks.configurations_committed;
      }
      // A schedule in which nothing is ever served would show nothing.
      expect(acknowledged).toBeGreaterThan(seeds.length);
      expect(reads_served).toBeGreaterThan(seeds.length);
      expect(fresh_told).toBeGreaterThan(seeds.length);
      if (SHAPES[shape]?.newcomers !== undefined) expect(changes).toBeGreaterThan(3 * seeds.length);
    });
  }

  test('a seed reproduces a run', () => {
    const [one, other] = [runSeed('five', 7), runSeed('five', 7)];
    expect(other.steps).toBe(one.steps);
    expect(other.checks.committed).toEqual(one.checks.committed);
  });
});
