import type { SimulationResult } from './simulate.ts';

const PROGRESS_EVERY_MS = 1_000;

/** Adds up many runs. */
export interface Tally {
  readonly violations: number;
  add(result: SimulationResult): void;
  /** Not more often than about once a second. */
  showProgress(): void;
  summary(): string;
}

export function createTally(wanted: number): Tally {
  const began_ms = performance.now();
  const began_cpu = process.cpuUsage();
  const kinds = new Map<string, number>();
  const sizes = new Map<number, number>();
  const failed: number[] = [];
  const totals = { seeds: 0, steps: 0, faults: 0, committed: 0, operations: 0, virtual_ms: 0 };
  let shown_ms = began_ms;

  function perSecond(): string {
    return (totals.seeds / ((performance.now() - began_ms) / 1000)).toFixed(1);
  }

  return {
    get violations() {
      return failed.length;
    },
    add(result) {
      totals.seeds += 1;
      totals.steps += result.steps;
      totals.faults += result.inflicted.length;
      totals.committed += result.committed;
      totals.operations += result.operations;
      totals.virtual_ms += result.virtual_ms;
      sizes.set(result.replicas, (sizes.get(result.replicas) ?? 0) + 1);
      for (const { kind } of result.inflicted) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      if (result.violation !== null) failed.push(result.seed);
    },
    showProgress() {
      if (performance.now() - shown_ms < PROGRESS_EVERY_MS) return;
      shown_ms = performance.now();
      const line = `${totals.seeds} of ${wanted} seeds, ${failed.length} violations, ${perSecond()} seeds a second`;
      process.stderr.write(process.stderr.isTTY ? `\r${line}  ` : `${line}\n`);
    },
    summary() {
      const { user, system } = process.cpuUsage(began_cpu);
      const cpu_s = (user + system) / 1e6;
      const by_kind = [...kinds]
        .toSorted(([, one], [, other]) => other - one)
        .map(([kind, count]) => `${kind} ${count}`)
        .join(', ');
      const by_size = [...sizes]
        .toSorted(([one], [other]) => one - other)
        .map(([size, count]) => `${count} with ${size} replicas`)
        .join(', ');
      return [
        `${totals.seeds} seeds (${by_size}), ${totals.steps} steps, ` +
          `${(totals.virtual_ms / 3_600_000).toFixed(2)} virtual hours, ${cpu_s.toFixed(0)} s of CPU`,
        `${totals.faults} faults: ${by_kind}`,
        `${totals.committed} entries committed, ${totals.operations} operations in the histories`,
        failed.length === 0
          ? 'Everything held.'
          : `${failed.length} VIOLATIONS, with seeds ${failed.join(', ')}`,
      ].join('\n');
    },
  };
}
