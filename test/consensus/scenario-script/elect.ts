import { ELECTION_TICKS } from '../../support/raft-fixture.ts';
import type { ScenarioNode } from './node.ts';
import { settle } from './settle.ts';
import type { ScenarioWorld } from './world.ts';

/** A node that was down may learn of a later term only when it first stands. */
const CAMPAIGNS_MAX = 3;

/**
 * `node` stands as soon as nobody in `helpers` hears a leader, and again if it must; they settle, or stop
 * at the moment when it leads.
 */
export function elect(
  world: ScenarioWorld,
  node: ScenarioNode,
  helpers: readonly ScenarioNode[],
  { stops_at_once }: { readonly stops_at_once: boolean },
): void {
  const leads = (): boolean => node.replica.core?.role === 'leader';
  if (leads()) throw new Error(`${node.name} leads already`);
  for (const helper of helpers) {
    const core = helper.replica.core;
    if (core?.role !== 'follower') continue;
    world.tick(helper, Math.max(0, ELECTION_TICKS - core.election_elapsed));
  }
  for (let campaign = 0; campaign < CAMPAIGNS_MAX && !leads(); campaign += 1) {
    tickUntilItAsks(world, node);
    settle(world, [node, ...helpers], () => stops_at_once && leads());
  }
  if (!leads()) throw new Error(`${node.name} is not elected`);
}

function tickUntilItAsks(world: ScenarioWorld, node: ScenarioNode): void {
  const questions = {
    links: [{ from: node.name, to: '*' }],
    kind: 'pre-vote',
    pick: 'last',
  } as const;
  const [asked_before] = world.calls.wire.select(questions);
  for (let tick = 0; tick < 2 * ELECTION_TICKS; tick += 1) {
    world.tick(node, 1);
    if (world.calls.wire.select(questions)[0] !== asked_before) return;
  }
}
