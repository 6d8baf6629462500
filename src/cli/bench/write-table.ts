import type { CostSample } from './agenda-cluster.ts';
import { percentile } from './load.ts';
import type { LoadResult } from './load.ts';

/** What one system did with so many clients. */
export interface Run {
  readonly system: 'agenda' | 'etcd';
  readonly clients: number;
  readonly result: LoadResult;
  readonly cost: { readonly before: CostSample; readonly after: CostSample } | null;
}

/** In Markdown: medians of the runs, and the ratio of both systems. */
export function printWriteTable(client_counts: readonly number[], runs: readonly Run[]): void {
  const heads = ['clients', 'system', 'writes/s (min … max)', 'p50 ms', 'p99 ms', 'failed'];
  const costs = ['writes/fsync', 'leader µs', 'follower µs', 'apply µs'];
  console.log(`\n| ${[...heads, ...costs].join(' | ')} |`);
  console.log(`|${' --- |'.repeat(heads.length + costs.length)}`);
  for (const clients of client_counts) {
    const rates = new Map<Run['system'], number>();
    for (const system of ['agenda', 'etcd'] as const) {
      const found = runs.filter((run) => run.clients === clients && run.system === system);
      if (found.length === 0) continue;
      const per_second = found.map(rateOf);
      rates.set(system, median(per_second));
      console.log(
        `| ${[clients, system, ...summaryOf(found, per_second), ...costsOf(found)].join(' | ')} |`,
      );
    }
    const [ours, theirs] = [rates.get('agenda'), rates.get('etcd')];
    if (ours !== undefined && theirs !== undefined) {
      console.log(`| ${clients} | ratio | ${(ours / theirs).toFixed(2)} |`);
    }
  }
}

function rateOf({ result }: Run): number {
  return result.succeeded / (result.measured_ms / 1000);
}

function summaryOf(runs: readonly Run[], rates: readonly number[]): readonly string[] {
  const range = `${Math.min(...rates).toFixed(0)} … ${Math.max(...rates).toFixed(0)}`;
  const latency = (share: number): string =>
    median(runs.map(({ result }) => percentile(result.latencies_ms, share) ?? 0)).toFixed(1);
  const failed = runs.reduce((sum, { result }) => sum + result.failed, 0);
  return [`${median(rates).toFixed(0)} (${range})`, latency(0.5), latency(0.99), String(failed)];
}

function costsOf(runs: readonly Run[]): readonly string[] {
  const costs = runs.flatMap(({ cost, result }) =>
    cost === null ? [] : [{ ...cost, writes: Math.max(1, result.succeeded) }],
  );
  if (costs.length === 0) return [];
  const figure = (of: (cost: (typeof costs)[number]) => number): string =>
    median(costs.map(of)).toFixed(1);
  const cpu = (who: 'leader' | 'follower'): string =>
    figure(
      ({ before, after, writes }) =>
        ((after[who].cpu_us ?? 0) - (before[who].cpu_us ?? 0)) / writes,
    );
  return [
    figure(
      ({ before, after, writes }) =>
        writes / Math.max(1, after.leader.log_writes - before.leader.log_writes),
    ),
    cpu('leader'),
    cpu('follower'),
    figure(
      ({ before, after, writes }) => (after.leader.apply_us - before.leader.apply_us) / writes,
    ),
  ];
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle] ?? 0;
  return ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}
