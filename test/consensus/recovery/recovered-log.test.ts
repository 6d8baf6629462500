import { describe, expect, test } from '@jest/globals';
import { must } from '../../../src/base/assert.ts';
import type { Configuration } from '../../../src/consensus/raft/configuration.ts';
import type { Effect } from '../../../src/consensus/raft/effect.ts';
import type { Entry } from '../../../src/consensus/raft/entry.ts';
import { planRecovery } from '../../../src/consensus/recovery/plan-recovery.ts';
import {
  commandAt,
  lead,
  n1,
  n2,
  n4,
  sent,
  stand,
  TestCore,
  vote,
  votersUpTo,
} from '../../support/raft-fixture.ts';

/** The log of `n1`, ending at (3, 5), as a recovery leaves it that compared no other. */
function recovered(configuration: Configuration, others: readonly string[]): readonly Entry[] {
  const { entries } = new TestCore({ configuration, terms: [1, 5, 5] });
  const last = { index: 3, term: 5 };
  const survivor = { member: n1, term: 5, last, commit_index: 2, configuration };
  const planned = planRecovery([survivor], others);
  if (!planned.ok) throw new Error(planned.error.kind);
  return [...entries, planned.value.entry];
}

/** Takes what the leader sends to a follower there, and the answers back, until it sends nothing more. */
function replicate(leader: TestCore, follower: TestCore, effects: readonly Effect[]): void {
  let underway = effects;
  while (sent(underway, 'append', follower.self).length > 0) {
    const answered: Effect[] = [];
    for (const message of sent(underway, 'append', follower.self)) {
      const whole = leader.fromStore(message, leader.state.log.last_index);
      const { response } = follower.ask(leader.self, whole);
      follower.persist();
      answered.push(...leader.hear(follower.self, response), ...leader.persist());
    }
    underway = answered;
  }
}

describe('a log that was recovered', () => {
  test('replaces what a survivor that was not compared was given by a later leader', () => {
    // n1 was away when n3 was elected for term 6 and gave entry 4 to n2, n3 and n4.
    const configuration = votersUpTo(5);
    const second = new TestCore({ self: n2, configuration, terms: [1, 5, 5, 6] });
    expect(second.entries[3]).toEqual(commandAt(4, 6));
    const log = recovered(configuration, ['n2']);
    const first = new TestCore({ log });
    stand(first);
    const recovery = must(log.at(-1), 'the entry of the recovery');
    const asked = vote(first.state.term, { index: recovery.index, term: recovery.term });
    const elected = first.hear(n2, second.ask(n1, asked).response);
    expect(first.state.role).toBe('leader');
    replicate(first, second, [...elected, ...first.persist()]);
    expect(second.entries).toEqual(first.entries);
    expect(second.entries[3]).toEqual(recovery);
    expect(first.state.commit_index).toBe(5);
  });

  test('gives no vote to one of the dead, whatever later leader that one knew', () => {
    const configuration = votersUpTo(7);
    const survivor = new TestCore({ log: recovered(configuration, ['n2', 'n3']) });
    const dead = new TestCore({ self: n4, configuration, terms: [1, 5, 5, 7] });
    lead(dead);
    const last_log = { index: 4, term: 7 };
    const { response } = survivor.ask(n4, vote(dead.state.term, last_log));
    expect(response).toMatchObject({ granted: false });
    // Nor in a term as late as that of the recovery, of which it may have heard.
    const later = survivor.ask(n4, vote(survivor.state.term + 5, last_log)).response;
    expect(later).toMatchObject({ granted: false });
  });
});
