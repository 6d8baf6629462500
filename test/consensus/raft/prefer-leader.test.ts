import { describe, expect, test } from '@jest/globals';
import { must } from '../../../src/base/assert.ts';
import type { NodeId } from '../../../src/consensus/raft/configuration.ts';
import type { Effect } from '../../../src/consensus/raft/effect.ts';
import { otherMembers } from '../../../src/consensus/raft/state.ts';
import {
  acknowledge,
  configurationOf,
  confirm,
  ELECTION_TICKS,
  lead,
  n2,
  n3,
  n4,
  PRIORITY_PAUSE_TICKS,
  sent,
  TestCore,
} from '../../support/raft-fixture.ts';
import { ELECTION_MS } from '../../support/core-cluster.ts';
import { formedCluster } from '../../support/formed-cluster.ts';

const TICK_MS = 10;
const PAUSE_MS = PRIORITY_PAUSE_TICKS * TICK_MS;

const PRIORITIES: ReadonlyMap<NodeId, number> = new Map([
  ['n2', 1],
  ['n3', 5],
  ['n4', 9],
]);

/** A leader of priority `own` of n1, n2 and n3, with n4 as a learner. */
function leaderWith(own: number): TestCore {
  const configuration = configurationOf({ voters: [1, 2, 3], learners: [4] });
  const core = new TestCore({ priority: own, configuration });
  lead(core);
  core.persist();
  return core;
}

/** Time in which all of these answer everything. */
function pass(core: TestCore, ticks: number, answering = otherMembers(core.state)): Effect[] {
  const effects: Effect[] = [];
  for (let tick = 0; tick < ticks; tick += 1) {
    effects.push(...core.tick());
    for (const from of answering) {
      effects.push(...acknowledge(core, from, core.state.log.last_index));
      effects.push(...confirm(core, from, 99, 0, PRIORITIES.get(from.node_id)));
    }
  }
  return effects;
}

describe('LEADER_PRIORITY', () => {
  test('a leader hands over to the voter of the highest priority, after the pause and not before', () => {
    const core = leaderWith(0);
    expect(sent(pass(core, PRIORITY_PAUSE_TICKS - 1), 'timeout_now')).toEqual([]);
    expect(sent(pass(core, 2), 'timeout_now')).toMatchObject([{ to: n3 }]);
  });

  test('not to one of the same priority or a lower one, nor to a learner', () => {
    const core = leaderWith(5);
    expect(sent(pass(core, 5 * PRIORITY_PAUSE_TICKS), 'timeout_now')).toEqual([]);
  });

  test('not to one that was away a while ago', () => {
    const core = leaderWith(0);
    pass(core, PRIORITY_PAUSE_TICKS - 20);
    pass(core, ELECTION_TICKS + 2, [n2, n4]);
    expect(sent(pass(core, 20), 'timeout_now')).toMatchObject([{ to: n2 }]);
  });

  test('an attempt that comes to nothing is not repeated before the pause is over', () => {
    const core = leaderWith(0);
    const attempts = sent(pass(core, 3 * PRIORITY_PAUSE_TICKS + 5), 'timeout_now');
    expect(attempts).toHaveLength(3);
    expect(core.state.role).toBe('leader');
  });

  test('in a cluster it comes to lead, stays, and whoever leads meanwhile leads for a pause', () => {
    for (let seed = 1; seed <= 10; seed += 1) {
      const cluster = formedCluster(5, seed);
      const favourite = must(cluster.replicas[seed % 5], 'a replica');
      cluster.crash(favourite);
      favourite.priority = 3;
      cluster.run(4 * ELECTION_MS);
      cluster.restart(favourite);
      const leads = (): boolean => cluster.leader === favourite;
      const from_ms = cluster.now_ms;
      expect(cluster.runUntil(leads, 3 * PAUSE_MS)).toBe(true);
      expect(cluster.now_ms - from_ms).toBeGreaterThan(PAUSE_MS / 2);
      const term = favourite.core?.term;
      cluster.run(5 * PAUSE_MS);
      expect(cluster.leader).toBe(favourite);
      expect(favourite.core?.term).toBe(term);
    }
  });
});
