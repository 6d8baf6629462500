import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { callApi } from '../api-client.ts';
import type { ReplicaProcess } from '../replica-process.ts';
import { AgendaCluster } from './agenda-cluster.ts';
import { parseHistoryOptions } from './history-options.ts';
import type { HistoryOptions } from './history-options.ts';
import { describeHistory } from './history-tables.ts';
import type { FilledTo, HistoryFigures } from './history-tables.ts';
import { delays, joinNewcomer } from './join.ts';
import { footprintOf } from './replica-figures.ts';
import { bookMany, bookMeanwhile, renameMany } from './write-load.ts';

/** Of the bookings, when the replicas are looked at. */
const SHARES = [0.25, 0.5, 1];
/** Checkpoints and cuts of the log come a moment after the writes. */
const SETTLE_MS = 3_000;
const EXIT_INTERRUPTED = 130;
const READY_POLL_MS = 20;
const READY_PATIENCE_MS = 60_000;

/**
 * Measures what a long history costs: what the replicas take up, how long one takes to start, how long
 * event loops stand still, and what a replica that joins under writes does to these. The exit code: 1
 * when a write failed.
 */
export async function runHistoryBench(words: readonly string[]): Promise<number> {
  const options = parseHistoryOptions(words);
  if (typeof options === 'string') {
    console.error(`agenda bench --history: ${options}`);
    return 2;
  }
  const cpu = cpus();
  console.log(
    `${options.replicas} replicas on ${cpu.length} cores (${cpu[0]?.model ?? 'unknown'}), Node ${process.version}, ` +
      `SNAPSHOT_ENTRIES=${options.snapshot_entries}, ${options.writers} clients while things happen`,
  );
  const directory = mkdtempSync(join(tmpdir(), 'agenda-bench-'));
  const cluster = new AgendaCluster(options.replicas, options.base_port, directory, {
    SNAPSHOT_ENTRIES: String(options.snapshot_entries),
    // The load follows no redirects: when another comes to lead, that alone fails no write.
    LEADER_ROUTING: 'forward',
  });
  const end = async (): Promise<void> => {
    await cluster.stop();
    rmSync(directory, { recursive: true, force: true });
  };
  const interrupt = (): void => void end().then(() => process.exit(EXIT_INTERRUPTED));
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    await cluster.start(options.people);
    const figures = await measure(cluster, options);
    console.log(describeHistory(figures));
    const phases = [...figures.filled, figures.writes_only, figures.restart, figures.joining];
    return phases.some(({ writes }) => writes.failed > 0) ? 1 : 0;
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
    await end();
  }
}

async function measure(cluster: AgendaCluster, options: HistoryOptions): Promise<HistoryFigures> {
  const filled = await fill(cluster, options);
  await cluster.findLeader();
  const { writers, writes_only_ms } = options;
  say('writes only');
  const writes_only = await bookMeanwhile(cluster, writers, async () => {
    await delays(cluster, null);
    await sleep(writes_only_ms);
    return delays(cluster, null);
  });
  say('a follower is killed and started again');
  const restart = await bookMeanwhile(cluster, writers, () => restartFollower(cluster.follower));
  say('a new replica joins');
  const joining = await bookMeanwhile(cluster, writers, () => joinNewcomer(cluster));
  return { filled, writes_only, restart, joining };
}

/** Bookings first; what the history lacks then are changes that leave the state as large as it is. */
async function fill(cluster: AgendaCluster, options: HistoryOptions): Promise<FilledTo[]> {
  const filled: FilledTo[] = [];
  let booked = 0;
  for (const share of SHARES) {
    const goal = Math.ceil(options.appointments * share);
    say(`${goal} bookings`);
    const writes = await bookMany(cluster, options.people, goal - booked);
    booked = goal;
    filled.push(await look(cluster, `${goal} bookings`, writes));
  }
  const written = filled.at(-1)?.leader.applied_index ?? 0;
  if (written < options.entries) {
    say(`changes that add nothing, until there are ${options.entries} entries`);
    const writes = await renameMany(cluster, options.people, options.entries - written);
    filled.push(await look(cluster, `and changes of profiles`, writes));
  }
  return filled;
}

async function look(
  cluster: AgendaCluster,
  what: string,
  writes: FilledTo['writes'],
): Promise<FilledTo> {
  await sleep(SETTLE_MS);
  const leader = await footprintOf(cluster.leader);
  return { what, writes, leader, follower: await footprintOf(cluster.follower) };
}

/** Milliseconds from the start of a killed replica until it says that it is ready. */
async function restartFollower(follower: ReplicaProcess): Promise<number> {
  await follower.kill();
  const started_ms = performance.now();
  follower.start(() => undefined);
  while (performance.now() - started_ms < READY_PATIENCE_MS) {
    const answer = await callApi(follower.origin, 'GET', '/readyz').catch(() => null);
    if (answer?.status === 200) return performance.now() - started_ms;
    await sleep(READY_POLL_MS);
  }
  throw new Error(
    `${follower.origin} was not ready within a minute; ${follower.log_path} may say why`,
  );
}

function say(what: string): void {
  console.log(`  ${new Date().toISOString()}  ${what}`);
}
