import { assert } from '../../src/base/assert.ts';
import { seededPrng } from '../../src/base/prng.ts';
import { scheduleOf } from './fault.ts';
import type { Fault } from './fault.ts';
import { inflict } from './inflict.ts';
import { sabotageOf } from './sabotage.ts';
import type { SabotageName } from './sabotage.ts';
import { Trace } from './trace.ts';
import { World } from './world.ts';

export interface SimulationOptions {
  readonly seed: number;
  /** Null: chosen by the seed. */
  readonly replicas: number | null;
  readonly steps: number;
  /** Numbers of the faults of the seed's schedule that happen; null: all. */
  readonly faults: readonly number[] | null;
  readonly sabotage: SabotageName;
  readonly onTraceLine: ((line: string) => void) | null;
}

export interface SimulationResult {
  readonly seed: number;
  readonly replicas: number;
  readonly steps: number;
  readonly virtual_ms: number;
  /** Of the schedule. */
  readonly faults: readonly Fault[];
  /** Those that found something to happen to: nobody leads, or it is down already. */
  readonly inflicted: readonly Fault[];
  readonly committed: number;
  readonly operations: number;
  readonly trace_digest: string;
  /** Null: everything held. */
  readonly violation: Error | null;
  /** The end of the trace, when something did not hold. */
  readonly recent_trace: string;
}

export const default_steps = 2_200;
const CLIENTS = 4;
const SIZES = [3, 5, 7] as const;
/** Within this everything must converge once nothing is wrong any more. */
const LIVENESS_MS = 30_000;

function sizeOf(seed: number): number {
  return SIZES[seededPrng(seed ^ 0x512e).below(SIZES.length)] ?? 3;
}

/** One run: a function of its options, to the byte of its trace. */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const { seed, steps } = options;
  const size = options.replicas ?? sizeOf(seed);
  const trace = new Trace(options.onTraceLine);
  const world = new World({ seed, size, sabotage: sabotageOf(options.sabotage), trace });
  const faults = scheduleOf(seed, steps).filter(
    (fault) => options.faults === null || options.faults.includes(fault.number),
  );
  const inflicted: Fault[] = [];
  let violation: Error | null = null;
  try {
    await live(world, faults, steps, inflicted);
  } catch (error) {
    violation = error instanceof Error ? error : new Error(String(error));
  }
  world.close();
  return {
    seed,
    replicas: size,
    steps: world.steps,
    virtual_ms: world.now_ms,
    faults,
    inflicted,
    committed: world.checks.committed_count,
    operations: world.history.operations_count,
    recent_trace: violation === null ? '' : trace.recent(),
    trace_digest: trace.digest(),
    violation,
  };
}

async function live(
  world: World,
  faults: readonly Fault[],
  steps: number,
  inflicted: Fault[],
): Promise<void> {
  const { clients } = world;
  await world.form();
  await world.runUntilSettled('a prepared agenda', clients.prepare());
  const began_at = world.steps;
  world.watchAvailability();
  const load = Promise.all(Array.from({ length: CLIENTS }, (_, client) => clients.run(client)));
  const whole_load = load.then(() => undefined);
  // Looked at when the load is over.
  whole_load.catch(() => undefined);
  for (const fault of faults) {
    await world.runUntil('the next fault', () => world.steps - began_at >= fault.at_step, 600_000);
    world.note(`fault ${fault.number}: ${fault.kind} for ${fault.lasts_ms} ms`);
    const happened = inflict(
      {
        replicas: world.replicas,
        network: world.network,
        operator: world.operator,
        after: (delay_ms, callback) =>
          world.after(delay_ms, () => {
            if (!world.is_load_over) callback();
          }),
      },
      fault,
    );
    if (happened) inflicted.push(fault);
  }
  await world.runUntil('the last step', () => world.steps - began_at >= steps, 600_000);
  world.is_load_over = true;
  world.heal();
  await world.runUntilSettled('the end of the load', whole_load, 120_000);
  await converge(world);
}

/** Liveness: with nothing wrong any more, all serve, agree, and the history holds together. */
async function converge(world: World): Promise<void> {
  const { replicas, clients, history } = world;
  world.heal();
  await world.runUntil('everybody runs', () => replicas.every((one) => one.life !== null));
  await world.runUntil('all are voters', () => world.operator.tidiesUp(), LIVENESS_MS);
  for (const replica of replicas) {
    await world.runUntilSettled('a write and a read', clients.mustWork(replica), LIVENESS_MS);
  }
  await world.runUntil('everybody has everything', () => areEqual(world), LIVENESS_MS);
  for (const replica of replicas) {
    await world.runUntilSettled('a last look', clients.readAll(replica), LIVENESS_MS);
  }
  const view = replicas[0]?.life?.facade.view;
  assert(view !== undefined, 'the first replica is gone');
  history.check(view, clients.person);
}

function areEqual(world: World): boolean {
  const states = world.replicas.map(({ life }) => ({
    commit_index: life?.group.state.commit_index,
    applied_index: life?.machine.applied_index,
    digest: life?.machine.digest,
  }));
  const [first] = states;
  return (
    first?.commit_index === world.checks.committed_count &&
    states.every(
      (one) =>
        one.commit_index === first.commit_index &&
        one.applied_index === first.commit_index &&
        one.digest === first.digest,
    )
  );
}
