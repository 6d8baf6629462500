import { assert } from '../../base/assert.ts';
import type { Configuration } from '../raft/configuration.ts';
import type { BootstrapPromise } from './promise.ts';

/** Behaviour of apply that this program begins a cluster with. */
const FIRST_FEATURE_LEVEL = 1;

/**
 * The configuration of entry 1: the first `voters_wanted` members vote (`REPLICATION_FACTOR`), the rest
 * are learners. The proposer is the lowest, so it votes.
 */
export function firstConfiguration(
  promise: BootstrapPromise,
  voters_wanted: number,
): Configuration {
  assert(Number.isInteger(voters_wanted) && voters_wanted >= 1, 'a cluster has a voter');
  assert(promise.members.length >= 1, 'a promise without members');
  return {
    cluster_id: promise.cluster_id,
    voters: promise.members.slice(0, voters_wanted),
    outgoing_voters: [],
    learners: promise.members.slice(voters_wanted),
    voters_wanted,
    removed: [],
    feature_level: FIRST_FEATURE_LEVEL,
  };
}
