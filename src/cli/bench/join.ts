import { setTimeout as sleep } from 'node:timers/promises';
import { MEMBERS_PATH, members_answer } from '../../discovery/operations/wire.ts';
import type { Inspection } from '../../discovery/operations/wire.ts';
import { limits } from '../../limits.ts';
import { callLeader } from '../operator/call-leader.ts';
import { CallFailed, OperatorClient } from '../operator/client.ts';
import type { ReplicaProcess } from '../replica-process.ts';
import type { AgendaCluster } from './agenda-cluster.ts';
import { longestDelayMs } from './replica-figures.ts';

/** Of the replicas that were there before, and of the one that came. */
export interface Delays {
  readonly leader_ms: number;
  readonly follower_ms: number;
  readonly newcomer_ms: number | null;
}

/** How a replica with an empty disk became a voter; all times but the last are from its start. */
export interface Joining {
  readonly answered_ms: number;
  readonly learner_ms: number;
  /** The state came as a snapshot: its log begins behind that. */
  readonly installed_ms: number;
  /** It has applied what was committed {@link POLL_MS} before. */
  readonly caught_up_ms: number;
  /** From the wish for one voter more. */
  readonly voter_ms: number;
  /** Of the event loops, from the start, and each time since the one before. */
  readonly until_answered: Delays;
  readonly until_caught_up: Delays;
  readonly until_voter: Delays;
}

const POLL_MS = 100;
const PATIENCE_MS = 120_000;

/** Starts a replica with an empty disk, and watches until it votes. */
export async function joinNewcomer(cluster: AgendaCluster): Promise<Joining> {
  const client = new OperatorClient({ secret: cluster.secret, tls: null });
  try {
    const voters_before = (await inspect(client, cluster.leader))?.configuration?.voters.length;
    if (voters_before === undefined) throw new Error('the leader does not say who votes');
    await delays(cluster, null);
    const started_ms = performance.now();
    const newcomer = cluster.startNewcomer();
    const node_id = newcomer.options.node_id;
    const since = (): number => performance.now() - started_ms;

    await until('the newcomer answers', async () => (await inspect(client, newcomer)) !== null);
    const answered_ms = since();
    const until_answered = await delays(cluster, newcomer);
    await until('the newcomer learns', async () =>
      isIn(await inspect(client, cluster.leader), 'learners', node_id),
    );
    const learner_ms = since();
    await until('the newcomer has a snapshot', async () => {
      const said = await inspect(client, newcomer);
      return said !== null && said.first_index > 1 && said.applied_index > 0;
    });
    const installed_ms = since();
    await until('the newcomer has caught up', async () => {
      const committed = (await inspect(client, cluster.leader))?.commit_index ?? Infinity;
      await sleep(POLL_MS);
      return ((await inspect(client, newcomer))?.applied_index ?? 0) >= committed;
    });
    const caught_up_ms = since();
    const until_caught_up = await delays(cluster, newcomer);

    const wanted_ms = performance.now();
    await callLeader(
      client,
      cluster.leader.options.address,
      MEMBERS_PATH,
      { voters_wanted: voters_before + 1 },
      members_answer,
      limits.members_change_timeout_ms * 2,
    );
    await until('the newcomer votes', async () =>
      isIn(await inspect(client, cluster.leader), 'voters', node_id),
    );
    const voter_ms = performance.now() - wanted_ms;
    const until_voter = await delays(cluster, newcomer);
    return {
      answered_ms,
      learner_ms,
      installed_ms,
      caught_up_ms,
      voter_ms,
      until_answered,
      until_caught_up,
      until_voter,
    };
  } finally {
    client.close();
  }
}

/** Since they were asked last. */
export async function delays(
  cluster: AgendaCluster,
  newcomer: ReplicaProcess | null,
): Promise<Delays> {
  return {
    leader_ms: await longestDelayMs(cluster.leader),
    follower_ms: await longestDelayMs(cluster.follower),
    newcomer_ms: newcomer === null ? null : await longestDelayMs(newcomer),
  };
}

function isIn(said: Inspection | null, what: 'voters' | 'learners', node_id: string): boolean {
  return said?.configuration?.[what].some((member) => member.node_id === node_id) === true;
}

/** Null: it does not answer, yet. */
async function inspect(
  client: OperatorClient,
  replica: ReplicaProcess,
): Promise<Inspection | null> {
  try {
    return await client.inspect(replica.options.address);
  } catch (error) {
    if (error instanceof CallFailed) return null;
    throw error;
  }
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const gives_up_ms = performance.now() + PATIENCE_MS;
  while (!(await isSo())) {
    if (performance.now() > gives_up_ms)
      throw new Error(`within two minutes it never came: ${what}`);
    await sleep(POLL_MS);
  }
}
