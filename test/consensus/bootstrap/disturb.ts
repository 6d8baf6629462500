import { must } from '../../../src/base/assert.ts';
import { seededPrng } from '../../../src/base/prng.ts';
import type { Prng } from '../../../src/base/prng.ts';
import type { BootstrapSimulation, Disk } from './simulation.ts';

interface Disturbance {
  readonly seed: number;
  readonly node_ids: readonly string[];
  readonly rounds: number;
  readonly wipes: number;
  /** Its disk survives. */
  readonly spared?: string;
}

/** Crashes, restarts, partitions and lost disks, many of them just when something has happened. */
export function disturb(
  simulation: BootstrapSimulation,
  { seed, node_ids, rounds, wipes, spared }: Disturbance,
): { wiped: number } {
  const prng = seededPrng(seed ^ 0x5eed);
  simulation.loss = prng.below(200);
  simulation.doubling = prng.below(200);
  simulation.delay_max = 1 + prng.below(40);
  simulation.late_delay_max = 1 + prng.below(600);
  for (const node_id of node_ids) if (prng.below(4) > 0) simulation.start(node_id);
  let wiped = 0;
  for (let round = 0; round < rounds; round += 1) {
    if (prng.below(2) === 0) ambush(simulation, node_ids, prng);
    // The lowest is the interesting one.
    const lot = prng.below(2) === 0 ? 0 : prng.below(node_ids.length);
    const node_id = must(node_ids[lot], 'no node');
    const kind = prng.below(10);
    if (kind < 4) simulation.start(node_id);
    else if (kind < 6) simulation.crash(node_id);
    else if (kind < 8) {
      if (wiped >= wipes || node_id === spared) continue;
      simulation.wipe(node_id);
      simulation.start(node_id);
      wiped += 1;
    } else if (kind === 8) {
      const side = new Set(node_ids.filter(() => prng.below(2) === 0));
      simulation.linked = (from, to) => side.has(from) === side.has(to);
    } else simulation.linked = () => true;
    if (prng.below(2) === 0) for (const each of node_ids) simulation.start(each);
    simulation.run(prng.below(100));
  }
  return { wiped };
}

/** Waits for one of the moments at which a crash has hurt somebody. */
function ambush(simulation: BootstrapSimulation, node_ids: readonly string[], prng: Prng): void {
  function count(predicate: (disk: Readonly<Disk>) => boolean): number {
    return node_ids.filter((node_id) => predicate(simulation.disk(node_id))).length;
  }
  const with_promise = 1 + prng.below(node_ids.length);
  const with_log = 1 + prng.below(node_ids.length);
  const with_drop = prng.below(node_ids.length);
  const moments = [
    () => count((disk) => disk.promise !== null) === with_promise,
    () => count((disk) => disk.log !== null) === with_log,
    () => count((disk) => disk.log !== null) === 1,
    () => simulation.committed.size > 0,
    () => count((disk) => disk.promise === null) === with_drop,
  ];
  simulation.runUntil(must(moments[prng.below(moments.length)], 'no moment'), 300);
}

export function calm(simulation: BootstrapSimulation, node_ids: readonly string[]): void {
  simulation.linked = () => true;
  simulation.loss = 0;
  simulation.doubling = 0;
  simulation.delay_max = 5;
  simulation.late_delay_max = 5;
  for (const node_id of node_ids) simulation.start(node_id);
}
