import type { Fault } from './fault.ts';
import type { SimulationOptions, SimulationResult } from './simulate.ts';
import { default_steps } from './simulate.ts';

/** What a person reads of a run. */

export function describeResult(result: SimulationResult): string {
  const { seed, replicas, steps, virtual_ms, committed, operations, trace_digest } = result;
  return (
    `seed ${seed}: ${replicas} replicas, ${steps} steps in ${(virtual_ms / 1000).toFixed(1)} virtual seconds, ` +
    `${committed} entries committed, ${operations} operations in the history, trace ${trace_digest.slice(0, 16)}`
  );
}

export function describeFaults(faults: readonly Fault[]): string {
  return faults
    .map(
      ({ number, kind, at_step, lasts_ms }) =>
        `  ${String(number).padStart(2)}. at step ${at_step}: ${kind} (${lasts_ms} ms)`,
    )
    .join('\n');
}

export function describeViolation(options: SimulationOptions, result: SimulationResult): string {
  const { violation, recent_trace } = result;
  return (
    `VIOLATION with seed ${result.seed}, ${result.replicas} replicas:\n` +
    `${violation?.stack ?? ''}\n\nThe last that happened:\n${recent_trace}\n` +
    `Replay it:\n  ${replayCommand(options, null)}`
  );
}

/** What to type for the same run; with `faults`, of a part of its schedule. */
export function replayCommand(
  { seed, replicas, steps, sabotage }: SimulationOptions,
  faults: readonly number[] | null,
): string {
  const words = [`npm run simulate -- --seed ${seed}`];
  if (replicas !== null) words.push(`--replicas ${replicas}`);
  if (steps !== default_steps) words.push(`--steps ${steps}`);
  if (faults !== null) words.push(`--faults ${faults.length === 0 ? '0' : faults.join(',')}`);
  if (sabotage !== 'none') words.push(`--sabotage ${sabotage}`);
  return words.join(' ');
}
