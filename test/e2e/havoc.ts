import { setTimeout as sleep } from 'node:timers/promises';
import { must } from '../../src/base/assert.ts';
import { seededPrng } from '../../src/base/prng.ts';
import type { ProcessCluster } from './process-cluster.ts';

/** No two faults in less time, nor before the clients have had so many answers in between … */
const FAULT_EVERY_MS = 2_500;
const ANSWERS_PER_FAULT = 8;
/** … unless those do not come: a cluster that is about to elect is hit as well. */
const FAULT_AT_LATEST_MS = 10_000;
/** So many replicas at most are down or stopped at a time. */
const VICTIMS_MAX = 3;

const faults = ['stopped', 'killed', 'restarted'] as const;
type Fault = (typeof faults)[number];

interface HavocTiming {
  readonly isOver: () => boolean;
  /** How many the clients have had so far. */
  readonly answers: () => number;
}

export interface Havoc {
  readonly faults: Readonly<Record<Fault, number>>;
  /** How many of them hit the replica that led. */
  readonly of_leaders: number;
  /** Replicas that had ended without being told to. */
  readonly deaths: readonly string[];
}

/**
 * Kills, stops and restarts replicas until it is over, never more than a minority at a time; all of them
 * run when it resolves. What is chosen depends on the seed, and on who leads.
 */
export async function wreakHavoc(
  cluster: ProcessCluster,
  seed: number,
  { isOver, answers }: HavocTiming,
): Promise<Havoc> {
  const prng = seededPrng(seed);
  const victims = new Set<number>();
  const healing: Promise<void>[] = [];
  const deaths: string[] = [];
  const counts = { stopped: 0, killed: 0, restarted: 0 };
  let of_leaders = 0;
  while (!isOver()) {
    await awaitNextFault({ isOver, answers });
    if (victims.size >= VICTIMS_MAX) continue;
    const candidates = cluster.positions.filter((position) => !victims.has(position));
    for (const position of candidates) {
      if (!cluster.isRunning(position)) deaths.push(cluster.nodeId(position));
    }
    if (deaths.length > 0) break;
    const leader = prng.below(2) === 0 ? await leaderOf(cluster, candidates) : null;
    const victim = leader ?? must(candidates[prng.below(candidates.length)], 'no candidate');
    const fault = must(faults[prng.below(faults.length)], 'no such fault');
    counts[fault] += 1;
    if (leader !== null) of_leaders += 1;
    victims.add(victim);
    const hurting = hurt(cluster, { victim, fault, for_ms: 500 + prng.below(6_000) });
    healing.push(hurting.then(() => void victims.delete(victim)));
  }
  await Promise.all(healing);
  for (const position of cluster.positions) {
    if (!cluster.isRunning(position)) deaths.push(cluster.nodeId(position));
  }
  return { faults: counts, of_leaders, deaths: [...new Set(deaths)] };
}

async function awaitNextFault({ isOver, answers }: HavocTiming): Promise<void> {
  const answers_before = answers();
  const at_latest = Date.now() + FAULT_AT_LATEST_MS;
  await sleep(FAULT_EVERY_MS);
  while (!isOver() && Date.now() < at_latest) {
    if (answers() >= answers_before + ANSWERS_PER_FAULT) return;
    await sleep(100);
  }
}

async function leaderOf(
  cluster: ProcessCluster,
  positions: readonly number[],
): Promise<number | null> {
  for (const position of positions) {
    const state = await cluster.raftState(position).catch(() => null);
    if (state?.role === 'leader') return position;
  }
  return null;
}

interface Hurt {
  readonly victim: number;
  readonly fault: Fault;
  readonly for_ms: number;
}

async function hurt(cluster: ProcessCluster, { victim, fault, for_ms }: Hurt): Promise<void> {
  if (fault === 'stopped') {
    cluster.signal(victim, 'SIGSTOP');
    await sleep(for_ms);
    cluster.signal(victim, 'SIGCONT');
    return;
  }
  await cluster.kill(victim, fault === 'killed' ? 'SIGKILL' : 'SIGTERM');
  await sleep(for_ms);
  cluster.start(victim);
}
