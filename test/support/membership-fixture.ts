import { must } from '../../src/base/assert.ts';
import type { Configuration, Member } from '../../src/consensus/raft/configuration.ts';
import type { Effect } from '../../src/consensus/raft/effect.ts';
import type { MembershipChange } from '../../src/consensus/raft/membership.ts';
import { otherMembers } from '../../src/consensus/raft/state.ts';
import { acknowledge, confirm, lead, pick, TestCore } from './raft-fixture.ts';

export function settledIn(effects: readonly Effect[]) {
  return pick(effects, 'membership_settled').map(({ result }) => result);
}

export function refusalOf(core: TestCore, change: Partial<MembershipChange>) {
  const [result] = settledIn(core.change(change));
  return result?.kind === 'refused' ? result.reason : null;
}

export function latest(core: TestCore): Configuration {
  return must(core.state.configurations.at(-1), 'a configuration').configuration;
}

/** A leader of this configuration that everybody has just answered; its no-op, entry 2, is committed. */
export function leaderOf(configuration: Configuration): TestCore {
  const core = new TestCore({ configuration });
  lead(core);
  core.persist();
  for (const from of otherMembers(core.state)) {
    acknowledge(core, from, 1);
    acknowledge(core, from, 2);
    confirm(core, from, 1);
  }
  return core;
}

/** Lets time pass in which these, and nobody else, answer everything. */
export function pass(
  core: TestCore,
  ticks: number,
  answering: readonly Member[],
): readonly Effect[] {
  const effects: Effect[] = [];
  for (let tick = 0; tick < ticks; tick += 1) {
    effects.push(...core.tick(), ...core.persist());
    for (const from of answering) {
      if (core.state.role !== 'leader') continue;
      effects.push(...acknowledge(core, from, core.state.log.last_index));
      if (core.state.role === 'leader') effects.push(...confirm(core, from, 99));
    }
  }
  return effects;
}
