import type { ScenarioNode } from './node.ts';
import type { ScenarioWorld } from './world.ts';

/** Messages after which a conversation should long have ended. */
const MESSAGES_MAX = 1_000;

/**
 * Disks and messages go on among these nodes, disks at once and messages in the order sent, until nothing
 * happens any more or it is over.
 */
export function settle(
  world: ScenarioWorld,
  nodes: readonly ScenarioNode[],
  isOver: () => boolean = () => false,
): void {
  const names = nodes.map(({ name }) => name);
  for (let count = 0; count < MESSAGES_MAX; count += 1) {
    for (const node of nodes) {
      if (isOver()) return;
      if (node.replica.writes.length > 0) world.persist(node, node.replica.writes.length);
    }
    const next = world.calls.wire.parcels.find(
      ({ from, to }) => names.includes(from) && names.includes(to),
    );
    if (next === undefined || isOver()) return;
    world.calls.deliver(next);
  }
  throw new Error('they never stop talking');
}
