import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { limits } from '../../limits.ts';
import { callApi } from '../api-client.ts';
import { AgendaCluster } from './agenda-cluster.ts';
import { LiveFollower, ticketAt } from './live-follower.ts';
import { parseLiveOptions } from './live-options.ts';
import type { LiveOptions } from './live-options.ts';
import { percentile } from './load.ts';
import { cpuMicroseconds } from './process-cost.ts';
import { footprintOf, longestDelayMs } from './replica-figures.ts';
import { bookMeanwhile } from './write-load.ts';

const HOUR_MS = 3_600_000;
const FIRST_HOUR_MS = Date.UTC(2028, 0, 1);
/** The two people; who writes meanwhile comes after them. */
const [ANA, BEN] = [0, 1] as const;
/** WebSockets that are opened at the same time. */
const OPENED_AT_ONCE = 50;

/**
 * Measures live updates: from the moment a write is sent until another person, at another replica, is told
 * of it; and from a post until every WebSocket of a replica is. The exit code: 2 for wrong words.
 */
export async function runLiveBench(words: readonly string[]): Promise<number> {
  const options = parseLiveOptions(words);
  if (typeof options === 'string') {
    console.error(`agenda bench --live: ${options}`);
    return 2;
  }
  const cpu = cpus();
  console.log(
    `${options.replicas} replicas on ${cpu.length} cores (${cpu[0]?.model ?? 'unknown'}), Node ${process.version}`,
  );
  const directory = mkdtempSync(join(tmpdir(), 'agenda-bench-'));
  // A page asks for it as well: a browser follows no redirect with its token.
  const environment = { LEADER_ROUTING: 'forward' };
  const cluster = new AgendaCluster(options.replicas, options.base_port, directory, environment);
  try {
    const people = Math.ceil(options.clients / limits.live_connections_per_user_max);
    await cluster.start(Math.max(2 + options.writers, people));
    await measureTwoPeople(cluster, options);
    await measureEverybody(cluster, options);
    return 0;
  } finally {
    await cluster.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function measureTwoPeople(cluster: AgendaCluster, options: LiveOptions): Promise<void> {
  const quiet = await seeEachOther(cluster, options.changes, 0);
  printSeen('nobody else writes', quiet);
  const { outcome: busy } = await bookMeanwhile(cluster, options.writers + 2, () =>
    seeEachOther(cluster, options.changes, options.changes),
  );
  printSeen(`${options.writers + 2} clients write all the time`, busy);
}

/** Ana invites Ben, each at a follower of their own; he is told, accepts, and she is told. */
async function seeEachOther(
  cluster: AgendaCluster,
  changes: number,
  first_hour: number,
): Promise<readonly number[]> {
  const [hers, his] = cluster.followers;
  const ana = await follow(cluster, hers.origin, ANA);
  const ben = await follow(cluster, his.origin, BEN);
  const latencies_ms: number[] = [];
  try {
    for (let hour = first_hour; hour < first_hour + changes; hour += 1) {
      const start_ms = FIRST_HOUR_MS + hour * HOUR_MS;
      const invited_at_ms = performance.now();
      const invited = await write(hers.origin, cluster.tokenOf(ANA), '/api/appointments', {
        title: `live ${hour}`,
        start: new Date(start_ms).toISOString(),
        end: new Date(start_ms + HOUR_MS).toISOString(),
        participants: [{ username: 'bench-1' }],
      });
      const { id } = (invited as { appointment: { id: string } }).appointment;
      latencies_ms.push((await ben.whenTold('appointment.created', id)) - invited_at_ms);
      const accepted_at_ms = performance.now();
      await write(his.origin, cluster.tokenOf(BEN), `/api/appointments/${id}/accept`, {});
      latencies_ms.push((await ana.whenTold('appointment.answered', id)) - accepted_at_ms);
    }
  } finally {
    ana.close();
    ben.close();
  }
  return latencies_ms.toSorted((one, other) => one - other);
}

/** So many WebSockets at one replica, and a post that all are told of. */
async function measureEverybody(cluster: AgendaCluster, options: LiveOptions): Promise<void> {
  const { clients, announcements } = options;
  const replica = cluster.follower;
  const before = await footprintOf(replica);
  const followers = await openMany(cluster, clients);
  const after = await footprintOf(replica);
  await longestDelayMs(replica);
  const latencies_ms: number[] = [];
  const cpuUs = (): number => (replica.pid === null ? 0 : (cpuMicroseconds(replica.pid) ?? 0));
  const used_before_us = cpuUs();
  for (let count = 0; count < announcements; count += 1) {
    const posted_at_ms = performance.now();
    const content = `announcement ${count}`;
    const post = await write(replica.origin, cluster.tokenOf(ANA), '/api/posts', { content });
    const { id } = post as { id: string };
    const told = followers.map((follower) => follower.whenTold('post.created', id));
    latencies_ms.push(Math.max(...(await Promise.all(told))) - posted_at_ms);
  }
  const cpu_us = (cpuUs() - used_before_us) / announcements / clients;
  const delay_ms = await longestDelayMs(replica);
  for (const follower of followers) follower.close();
  const sorted = latencies_ms.toSorted((one, other) => one - other);
  const megabytes = (bytes: number): string => (bytes / 1_000_000).toFixed(0);
  const latency = ['all told, p50 ms', 'max ms'];
  const costs = ['CPU µs a client', 'longest delay ms', 'RSS before', 'after'];
  printTable(
    ['clients', ...latency, ...costs],
    [
      String(clients),
      figure(sorted, 0.5),
      figure(sorted, 1),
      cpu_us.toFixed(0),
      delay_ms.toFixed(0),
      `${megabytes(before.resident_bytes)} MB`,
      `${megabytes(after.resident_bytes)} MB`,
    ],
  );
}

async function openMany(cluster: AgendaCluster, count: number): Promise<readonly LiveFollower[]> {
  const { origin } = cluster.follower;
  const followers: LiveFollower[] = [];
  while (followers.length < count) {
    const first = followers.length;
    const opening = Array.from({ length: Math.min(OPENED_AT_ONCE, count - first) }, (_, at) =>
      follow(cluster, origin, Math.floor((first + at) / limits.live_connections_per_user_max)),
    );
    followers.push(...(await Promise.all(opening)));
  }
  return followers;
}

async function follow(
  cluster: AgendaCluster,
  origin: string,
  client: number,
): Promise<LiveFollower> {
  return LiveFollower.at(origin, await ticketAt(origin, cluster.tokenOf(client)));
}

async function write(origin: string, token: string, path: string, body: object): Promise<unknown> {
  const answer = await callApi(origin, 'POST', path, { token, body });
  if (answer.status >= 300) throw new Error(`${path} answers ${answer.status}`);
  return answer.body;
}

function printSeen(what: string, latencies_ms: readonly number[]): void {
  printTable(
    [what, 'changes', 'p50 ms', 'p99 ms', 'max ms'],
    [
      'sent at one replica, told at another',
      String(latencies_ms.length),
      ...[0.5, 0.99, 1].map((share) => figure(latencies_ms, share)),
    ],
  );
}

function figure(latencies_ms: readonly number[], share: number): string {
  return percentile(latencies_ms, share)?.toFixed(0) ?? '-';
}

function printTable(heads: readonly string[], row: readonly string[]): void {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  console.log(['', line(heads), `|${' --- |'.repeat(heads.length)}`, line(row)].join('\n'));
}
