import { assert } from '../../src/base/assert.ts';
import { CoreCluster, ELECTION_MS } from './core-cluster.ts';
import { votersUpTo } from './raft-fixture.ts';

/** A cluster of which everybody has the first configuration, and somebody leads. */
export function formedCluster(size: number, seed: number): CoreCluster {
  const cluster = new CoreCluster(votersUpTo(size), seed);
  const is_formed = cluster.runUntil(
    () => cluster.leader !== null && cluster.replicas.every((one) => one.applied.length >= 2),
    20 * ELECTION_MS,
  );
  assert(is_formed, 'the cluster does not form');
  return cluster;
}
