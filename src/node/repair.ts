import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { steadyWallClockMs } from '../base/steady-wall-clock.ts';
import type { Config } from '../config.ts';
import type { EntrySource, Standing } from '../consensus/entry-offer.ts';
import { LogCorruptError } from '../consensus/log-corrupt-error.ts';
import { repairLog } from '../consensus/log-repair.ts';
import type { RepairObserver } from '../consensus/log-repair.ts';
import type { Clock, StoredLog } from '../consensus/ports.ts';
import type { LogIndex } from '../consensus/raft/entry.ts';
import type { LogBase } from '../consensus/raft/log-base.ts';
import { createReceiver } from '../consensus/rpc/receiver.ts';
import { clusterRoutes } from '../discovery/routes.ts';
import type { Metrics } from '../http/metrics.ts';
import { sendProblem } from '../http/problem.ts';
import { announcementOf } from './addresses.ts';
import { openDoors } from './doors.ts';
import { entriesRoute } from './entry-exchange.ts';
import { createGossip } from './gossip.ts';
import type { NodePeers } from './peers.ts';
import { StartRefused, WHAT_TO_DO_ABOUT_A_LOG } from './start-refused.ts';
import type { NodeStorage } from './storage.ts';

export interface NodeRepairOptions {
  readonly config: Config;
  readonly storage: NodeStorage;
  readonly peers: NodePeers;
  readonly source: EntrySource;
  readonly group_id: string;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Told what the disk holds as soon as that is known. */
  readonly onLoaded: (stored: StoredLog) => void;
}

/**
 * The log, whole. Usually it is; else this replica opens its ports for nothing but that: it finds the
 * others, fetches what is damaged, and gives them what they lack. It takes no part in the cluster meanwhile.
 *
 * @throws {StartRefused} the log cannot be read, or there is nobody to fetch a damaged entry from
 */
export async function loadWholeLog(options: NodeRepairOptions): Promise<StoredLog> {
  const { storage, source, clock, metrics, log } = options;
  const { store } = storage.log_store;
  const applied_index = storage.state_machine.applied_index;
  try {
    const stored = await store.load();
    options.onLoaded(stored);
    if (stored.damaged.length === 0) return stored;
    log.error({ damaged: stored.damaged.slice(0, 20) }, 'entries of the log are damaged');
    metrics.storage.damaged(true);
    const progress = { waits_for: stored.damaged[0] ?? 0 };
    const observer = repairObserver(log, metrics, (index) => {
      progress.waits_for = index;
    });
    let standing: Standing = { committed_through: stored.commit_index, base: null };
    const onStanding = (now: Standing): void => {
      standing = now;
    };
    const close = source.hasOthers()
      ? await openForRepair(options, () => standing, progress)
      : () => Promise.resolve();
    try {
      const durableBase = async (): Promise<LogBase | null> => {
        await storage.checkpointer.checkpointNow();
        const { base } = storage.state_machine;
        return base !== null && base.index <= storage.checkpointer.durableIndex() ? base : null;
      };
      const repair = { store, source, clock, observer, applied_index };
      return await repairLog({ ...repair, durableBase, onStanding });
    } finally {
      await close();
      metrics.storage.damaged(false);
    }
  } catch (error) {
    throw refusal(storage.directory.raft_path, error);
  }
}

export function repairObserver(
  log: Logger,
  metrics: Metrics,
  onWaiting: (index: LogIndex) => void = () => undefined,
): RepairObserver {
  return {
    waiting(index, why, attempt) {
      metrics.storage.damaged(true);
      onWaiting(index);
      const is_power_of_two = (attempt & (attempt - 1)) === 0;
      if (is_power_of_two)
        log.error({ index, why, attempt }, 'a damaged entry is not repaired yet');
    },
    repaired(index) {
      metrics.storage.damaged(false);
      metrics.storage.repaired();
      log.warn({ index }, 'a damaged entry was fetched from another replica');
    },
    covered(through) {
      metrics.storage.damaged(false);
      log.warn(
        { through },
        'damaged entries that nobody has are let go: the state stands for them',
      );
    },
    adopted(through) {
      log.warn(
        { through },
        'damaged entries that nobody has are let go; the state comes as a snapshot',
      );
    },
    cut(from) {
      log.warn({ from }, 'entries that were never committed were damaged, and are deleted');
    },
  };
}

/** Opens the ports and looks for the others; returns how to end that. */
async function openForRepair(
  options: NodeRepairOptions,
  standing: () => Standing,
  progress: { readonly waits_for: LogIndex },
): Promise<() => Promise<void>> {
  const { config, storage, peers, group_id, metrics, log } = options;
  const announcement = announcementOf(config, storage.storage_id, peers.identity.boot_id);
  const receiver = createReceiver({
    identity: peers.identity,
    keyring: peers.keyring,
    nowMs: Date.now,
    monotonicMs: () => performance.now(),
    routes: [
      entriesRoute({
        group_id,
        store: storage.log_store.store,
        standing,
      }),
      ...clusterRoutes({
        keeper: peers.keeper,
        book: peers.book,
        announcement,
        wanted: config.cluster_members,
        nowMs: steadyWallClockMs,
        logger: log,
      }),
    ],
    deliver: () => Promise.reject(new Error('the log is being repaired')),
    acceptsFrom: () => true,
    onRefused: (reason, details) => {
      metrics.clusterAuthFailed(reason);
      log.debug({ reason, ...details }, 'a message between replicas was refused');
    },
    onFailure: (error) => log.debug({ err: error }, 'a message between replicas found no group'),
  });
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    answerMeanwhile(request, response, metrics, progress.waits_for);
  };
  const doors = await openDoors(config, receiver, { listener });
  const ending = new AbortController();
  const gossip = createGossip({ config, storage, ...peers, announcement, log });
  const running = gossip.run(ending.signal);
  return async () => {
    ending.abort();
    await running;
    const closed = Promise.all(doors.map((door) => door.close()));
    for (const door of doors) door.destroy();
    await closed;
  };
}

function answerMeanwhile(
  request: IncomingMessage,
  response: ServerResponse,
  { registry }: Metrics,
  waits_for: LogIndex,
): void {
  request.resume();
  if (request.url === '/livez') {
    response.setHeader('Content-Type', 'application/json');
    response.end('{"status":"ok"}');
  } else if (request.url === '/metrics') {
    void registry.metrics().then((text) => {
      response.setHeader('Content-Type', registry.contentType);
      response.end(text);
    });
  } else {
    const detail = `Repairing the log: entry ${waits_for} is damaged, and is fetched from the others.`;
    sendProblem(response, { code: 'index_not_reached', detail }, randomUUID());
  }
}

function refusal(path: string, error: unknown): unknown {
  if (error instanceof StartRefused || !(error instanceof Error)) return error;
  if (!(error instanceof LogCorruptError) && error.name !== 'LogStoreError') return error;
  return new StartRefused(`${path} cannot be used: ${error.message}. ${WHAT_TO_DO_ABOUT_A_LOG}`);
}
