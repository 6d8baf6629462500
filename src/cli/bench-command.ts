import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { AgendaCluster } from './bench/agenda-cluster.ts';
import type { CostSample } from './bench/agenda-cluster.ts';
import { EtcdCluster, etcdVersion } from './bench/etcd-cluster.ts';
import { runHistoryBench } from './bench/history.ts';
import { runLiveBench } from './bench/live.ts';
import { percentile, runLoad } from './bench/load.ts';
import type { LoadResult } from './bench/load.ts';
import { runPeopleBench } from './bench/people.ts';

interface BenchOptions {
  readonly replicas: number;
  readonly base_port: number;
  readonly clients: readonly number[];
  /** Runs of each system at each number of clients, alternating. */
  readonly rounds: number;
  readonly measured_ms: number;
}

interface Run {
  readonly system: 'agenda' | 'etcd';
  readonly clients: number;
  readonly result: LoadResult;
  readonly cost: { readonly before: CostSample; readonly after: CostSample } | null;
}

const WARM_UP_MS = 1_000;

/** Measures writes, beside etcd where it is installed, and prints a table; the exit code. */
export async function runBenchCommand(words: readonly string[]): Promise<number> {
  if (words.includes('--history')) {
    return runHistoryBench(words.filter((word) => word !== '--history'));
  }
  if (words.includes('--live')) return runLiveBench(words.filter((word) => word !== '--live'));
  if (words.includes('--people')) {
    return runPeopleBench(words.filter((word) => word !== '--people'));
  }
  const options = parseOptions(words);
  if (typeof options === 'string') {
    console.error(`agenda bench: ${options}`);
    return 2;
  }
  const etcd_version = etcdVersion();
  const cpu = cpus();
  console.log(
    `${options.replicas} replicas on ${cpu.length} cores (${cpu[0]?.model ?? 'unknown'}), Node ${process.version}, ` +
      (etcd_version === null ? 'no etcd installed' : `etcd ${etcd_version}`),
  );
  const directory = mkdtempSync(join(tmpdir(), 'agenda-bench-'));
  const agenda = new AgendaCluster(options.replicas, options.base_port, join(directory, 'agenda'));
  const etcd =
    etcd_version === null
      ? null
      : new EtcdCluster(options.replicas, options.base_port + 100, directory);
  try {
    await agenda.start(Math.max(...options.clients));
    await etcd?.start();
    const runs: Run[] = [];
    for (const clients of options.clients) {
      for (let round = 0; round < options.rounds; round += 1) {
        runs.push(await measureAgenda(agenda, clients, options.measured_ms));
        if (etcd !== null) runs.push(await measureEtcd(etcd, clients, options.measured_ms));
      }
    }
    printTable(options, runs);
    return runs.some((run) => run.result.succeeded === 0) ? 1 : 0;
  } finally {
    await Promise.all([agenda.stop(), etcd?.stop()]);
    rmSync(directory, { recursive: true, force: true });
  }
}

function parseOptions(words: readonly string[]): BenchOptions | string {
  try {
    const { values } = parseArgs({
      args: [...words],
      options: {
        quick: { type: 'boolean', default: false },
        replicas: { type: 'string', default: '7' },
        clients: { type: 'string' },
        'base-port': { type: 'string', default: '18080' },
      },
    });
    const clients = (values.clients ?? (values.quick ? '1,16,64' : '1,16,64,256'))
      .split(',')
      .map(Number);
    const replicas = Number(values.replicas);
    const base_port = Number(values['base-port']);
    if (
      ![replicas, base_port, ...clients].every((number) => Number.isInteger(number) && number > 0)
    ) {
      return '--replicas, --clients and --base-port take whole numbers above 0';
    }
    return {
      replicas,
      base_port,
      clients,
      rounds: values.quick ? 2 : 5,
      measured_ms: values.quick ? 4_000 : 8_000,
    };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function measureAgenda(
  agenda: AgendaCluster,
  clients: number,
  measured_ms: number,
): Promise<Run> {
  let before: Promise<CostSample> = agenda.sample();
  const result = await runLoad(
    {
      clients,
      warm_up_ms: WARM_UP_MS,
      measured_ms,
      next: (client) => agenda.book(client),
      isSuccess: (status) => status === 201,
    },
    () => {
      before = agenda.sample();
    },
  );
  const cost = { before: await before, after: await agenda.sample() };
  return { system: 'agenda', clients, result, cost };
}

async function measureEtcd(etcd: EtcdCluster, clients: number, measured_ms: number): Promise<Run> {
  const result = await runLoad(
    {
      clients,
      warm_up_ms: WARM_UP_MS,
      measured_ms,
      next: (client, count) => etcd.put(client, count),
      isSuccess: (status) => status === 200,
    },
    () => undefined,
  );
  return { system: 'etcd', clients, result, cost: null };
}

function printTable(options: BenchOptions, runs: readonly Run[]): void {
  const heads = ['clients', 'system', 'writes/s (min … max)', 'p50 ms', 'p99 ms', 'failed'];
  const costs = ['writes/fsync', 'leader µs', 'follower µs', 'apply µs'];
  console.log(`\n| ${[...heads, ...costs].join(' | ')} |`);
  console.log(`|${' --- |'.repeat(heads.length + costs.length)}`);
  for (const clients of options.clients) {
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
  console.log(
    '\nMedians of the runs. CPU and apply are microseconds for each write; a write is durable on a majority.',
  );
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
