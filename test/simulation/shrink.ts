import { replayCommand } from './report.ts';
import { simulate } from './simulate.ts';
import type { SimulationOptions, SimulationResult } from './simulate.ts';

/** Runs that may be spent on it. */
const RUNS_MAX = 60;

/**
 * Leaves out faults, half of them at a time, then fewer (Zeller's delta debugging), as long as the run
 * still ends in a violation of any kind.
 */
export async function shrink(
  options: SimulationOptions,
  failed: SimulationResult,
): Promise<{ result: SimulationResult; command: string }> {
  let result = failed;
  let runs = 0;
  let chunk = Math.ceil(result.faults.length / 2);
  while (chunk >= 1 && runs < RUNS_MAX) {
    let is_smaller = false;
    for (let from = 0; from < result.faults.length && runs < RUNS_MAX; from += chunk) {
      const left = result.faults.filter((_, at) => at < from || at >= from + chunk);
      const faults = left.map(({ number }) => number);
      const attempt = await simulate({ ...options, faults });
      runs += 1;
      if (attempt.violation === null) continue;
      result = attempt;
      is_smaller = true;
      break;
    }
    if (!is_smaller) chunk = chunk === 1 ? 0 : Math.ceil(chunk / 2);
    else chunk = Math.min(chunk, Math.max(1, Math.ceil(result.faults.length / 2)));
  }
  const numbers = result.faults.map(({ number }) => number);
  return { result, command: replayCommand(options, numbers) };
}
