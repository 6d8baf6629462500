import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { AgendaCluster } from './agenda-cluster.ts';
import type { CostSample } from './agenda-cluster.ts';
import { EtcdCluster, etcdVersion } from './etcd-cluster.ts';
import { runLoad } from './load.ts';
import { parseWriteOptions } from './write-options.ts';
import { printWriteTable } from './write-table.ts';
import type { Run } from './write-table.ts';

/** Before each run, and not counted. */
const RUN_UP_MS = 500;

/** Measures writes, beside etcd where it is installed, and prints a table; the exit code. */
export async function runWriteBench(words: readonly string[]): Promise<number> {
  const options = parseWriteOptions(words);
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
  const clients_max = Math.max(...options.clients);
  try {
    await agenda.start(clients_max);
    await etcd?.start();
    await measureAgenda(agenda, clients_max, options.warm_up_ms);
    if (etcd !== null) await measureEtcd(etcd, clients_max, options.warm_up_ms);
    const runs: Run[] = [];
    for (const clients of options.clients) {
      for (let round = 0; round < options.rounds; round += 1) {
        runs.push(await measureAgenda(agenda, clients, options.measured_ms));
        if (etcd !== null) runs.push(await measureEtcd(etcd, clients, options.measured_ms));
      }
    }
    printWriteTable(options.clients, runs);
    console.log(
      `\nMedians of ${options.rounds} runs of ${options.measured_ms / 1000} s, after ${options.warm_up_ms / 1000} s of ` +
        `writing by ${clients_max} clients. CPU and apply are microseconds for each write; a write is durable on a majority.`,
    );
    return runs.some((run) => run.result.succeeded === 0) ? 1 : 0;
  } finally {
    await Promise.all([agenda.stop(), etcd?.stop()]);
    rmSync(directory, { recursive: true, force: true });
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
      warm_up_ms: RUN_UP_MS,
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
      warm_up_ms: RUN_UP_MS,
      measured_ms,
      next: (client, count) => etcd.put(client, count),
      isSuccess: (status) => status === 200,
    },
    () => undefined,
  );
  return { system: 'etcd', clients, result, cost: null };
}
