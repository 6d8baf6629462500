import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import type { Decide } from './agenda/decide/decision.ts';
import { steadyWallClockMs } from './base/steady-wall-clock.ts';
import { createSystemClock } from './base/system-clock.ts';
import type { Config } from './config.ts';
import { standingOf } from './consensus/entry-offer.ts';
import type { Group } from './consensus/group.ts';
import type { FailedPart } from './consensus/group-options.ts';
import type { Clock } from './consensus/ports.ts';
import { isVoter } from './consensus/raft/configuration.ts';
import { isMember } from './consensus/raft/membership.ts';
import { createReceiver } from './consensus/rpc/receiver.ts';
import type { Receiver } from './consensus/rpc/receiver.ts';
import type { Announcement } from './discovery/address-entry.ts';
import { clusterRoutes } from './discovery/routes.ts';
import type { Readiness } from './http/dependencies.ts';
import { createMetrics } from './http/metrics.ts';
import type { Metrics } from './http/metrics.ts';
import { createApi } from './http/server.ts';
import type { Api } from './http/server.ts';
import { auditRoute, openAudit } from './node/audit.ts';
import type { NodeAudit } from './node/audit.ts';
import { tell } from './node/audit-observer.ts';
import { addressesOf, announcementOf } from './node/addresses.ts';
import { openConsensus } from './node/consensus.ts';
import type { NodeConsensus } from './node/consensus.ts';
import { startDiscovery } from './node/discovery.ts';
import type { NodeDiscovery } from './node/discovery.ts';
import { DiskWatch } from './node/disk-watch.ts';
import { openDoors } from './node/doors.ts';
import { entriesRoute } from './node/entry-exchange.ts';
import { createForward, forwardRoute } from './node/forwarding.ts';
import type { FrontDoor } from './node/front-door.ts';
import { GROUP_ID } from './node/group-id.ts';
import { loadKeys } from './node/keys.ts';
import type { NodeKeys } from './node/keys.ts';
import { createNodeLive } from './node/live.ts';
import { observerOf } from './node/observer.ts';
import { createOperatorRoutes } from './node/operations.ts';
import { createReplica, peersRoute } from './node/replica.ts';
import { digestRoute, startStateComparison } from './node/state-comparison.ts';
import { openStorage } from './node/storage.ts';
import { checkTls } from './node/tls-trust.ts';
import type { NodeStorage } from './node/storage.ts';
import { UnknownCommandError } from './replica/command-checks.ts';
import type { GroupReplica } from './replica/group-replica.ts';
import type { ReplicaStatus } from './replica/replica.ts';
import { createYielding } from './node/yield-leadership.ts';
import { version } from './version.ts';

export interface NodeOptions {
  readonly config: Config;
  readonly log: Logger;
  /** The rules; the real ones unless a test plants others. */
  readonly decide?: Decide;
  /** Something broke that cannot be gone on from. */
  readonly onBroken: (error: unknown) => void;
}

/** A running replica. */
export interface Node {
  /** High to low: no leadership, no new requests, then no messages, then the disk. */
  stop(): Promise<void>;
  reloadCertificate(): void;
}

/** A learner whose state is older catches up. */
const LEARNER_STALE_MS_MAX = 5_000;
/** A leader that stops waits so long for another to lead. */
const HAND_OVER_MS = 2_000;
/** Requests under way get this long to end. */
const DRAIN_MS = 5_000;

/**
 * Puts one replica together, low to high: storage, consensus, what requests see, the ports, discovery.
 *
 * @throws {StartRefused} the configuration cannot be followed on this machine
 */
export async function startNode(options: NodeOptions): Promise<Node> {
  const { config, log, decide, onBroken } = options;
  checkTls(config.tls);
  const running: RunningState = { replica: null, halted: null, is_draining: false };
  const metrics = metricsOf(running);
  const disk = new DiskWatch({ path: config.data_dir, metrics: metrics.storage, log });
  const storage = await openStorage({
    data_dir: config.data_dir,
    group_id: GROUP_ID,
    log,
    decide,
    onCommandFailed: () => metrics.commandFailed(),
    onDiskFull: (is_full) => disk.logFull(is_full),
    onBroken,
  });
  const keys = await loadKeys(config, storage.directory.path);
  const [boot_id, clock] = [randomUUID(), createSystemClock()];
  const audit = openAudit({ node_id: config.node_id, boot_id, storage, clock, metrics, log });
  const consensus = await openConsensus({
    config,
    storage,
    cluster_secret: keys.cluster_secret,
    group_id: GROUP_ID,
    boot_id,
    clock,
    observer: observerOf(metrics, log, audit),
    metrics,
    log,
    onApplyStalled: (why) => disk.applyStalled(why),
    onFailed: (part, error) => groupFailed({ storage, running, log, onBroken }, part, error),
  });
  const announcement = announcementOf(config, storage.storage_id, boot_id);
  const { replica, stopReports } = createReplica(storage, consensus, clock, log);
  running.replica = replica;
  const parts = {
    config,
    log,
    clock,
    disk,
    storage,
    keys,
    consensus,
    announcement,
    metrics,
    replica,
    audit,
  };
  const [api, live] = [createNodeApi(parts, running), createNodeLive(parts)];
  const doors = await openDoors(config, createNodeReceiver(parts, api), { ...api, ...live });
  audit.start(parts);
  consensus.group.start();
  disk.start(createYielding(consensus.group, log, () => clock.now_ms()));
  const stopComparing = startStateComparison({ ...parts, onBroken });
  const discovery = startDiscovery({ config, storage, consensus, announcement, log, onBroken });
  log.info({ http_addr: config.http_addr, advertised: announcement.address }, 'listening');
  return {
    reloadCertificate: () => reloadCertificate(doors, log),
    stop: () =>
      stopNode(parts, running, {
        doors,
        live,
        discovery,
        watches: [stopReports, stopComparing],
      }),
  };
}

interface Opened {
  readonly doors: readonly FrontDoor[];
  readonly live: ReturnType<typeof createNodeLive>;
  readonly discovery: NodeDiscovery;
  /** Each is called to end it. */
  readonly watches: readonly (() => void)[];
}

async function stopNode(parts: NodeParts, running: RunningState, opened: Opened): Promise<void> {
  const { log, disk, storage, consensus, audit } = parts;
  tell(audit, 'replica.stopping', {});
  await handOver(consensus.group, log);
  running.is_draining = true;
  await audit.stop();
  await Promise.all([opened.live.drain(), drain(opened.doors)]);
  for (const stopWatching of [...opened.watches, () => disk.stop()]) stopWatching();
  consensus.group.stop();
  // Only now: until here the others may need its address to follow it.
  await opened.discovery.stop();
  consensus.transport.close();
  audit.keep();
  await storage.close();
}

function metricsOf(running: Readonly<RunningState>): Metrics {
  const status = (): ReplicaStatus | null => running.replica?.status() ?? null;
  return createMetrics({ status, group_id: GROUP_ID, version });
}

function reloadCertificate(doors: readonly FrontDoor[], log: Logger): void {
  try {
    for (const door of doors) door.reloadCertificate();
    log.info('the certificate was read again');
  } catch (error) {
    log.error({ err: error }, 'the new certificate is bad; the old one stays');
  }
}

/** A leader that stops leaves no gap: another leads before it is gone, if one can (thesis §3.10). */
async function handOver(group: Group, log: Logger): Promise<void> {
  if (group.state.role !== 'leader') return;
  const outcome = await group.transfer(null, HAND_OVER_MS);
  log.info({ outcome }, 'leadership handed over');
}

/** A newer program's command stops applying only; anything else stops the process. */
function groupFailed(
  context: Pick<NodeParts, 'storage' | 'log'> & {
    readonly running: RunningState;
    readonly onBroken: NodeOptions['onBroken'];
  },
  part: FailedPart,
  error: unknown,
): void {
  const { storage, log, running, onBroken } = context;
  if (part !== 'state') {
    onBroken(error);
  } else if (error instanceof UnknownCommandError) {
    running.halted = 'The log holds a command of a newer program: this one must be upgraded.';
    log.error({ err: error }, running.halted);
  } else {
    storage.stateBroken(error);
  }
}

/** Lets what is under way end, within bounds: it may still be committed by this replica. */
async function drain(doors: readonly FrontDoor[]): Promise<void> {
  const timer = setTimeout(() => doors.forEach((door) => door.destroy()), DRAIN_MS);
  await Promise.all(doors.map((door) => door.close()));
  clearTimeout(timer);
}

/** What changes while it runs. */
interface RunningState {
  /** Null until it is put together. */
  replica: GroupReplica | null;
  /** Why nothing is applied any more. */
  halted: string | null;
  is_draining: boolean;
}

/** What the composition hands from part to part. */
interface NodeParts {
  readonly config: Config;
  readonly log: Logger;
  readonly clock: Clock;
  readonly disk: DiskWatch;
  readonly storage: NodeStorage;
  readonly keys: NodeKeys;
  readonly consensus: NodeConsensus;
  readonly announcement: Announcement;
  readonly metrics: Metrics;
  readonly replica: GroupReplica;
  readonly audit: NodeAudit;
}

function createNodeReceiver(parts: NodeParts, api: Api): Receiver {
  const { config, storage, consensus, announcement, metrics, log, replica, audit } = parts;
  const { identity, keyring, operator_keyring, keeper, book, group } = consensus;
  return createReceiver({
    identity,
    keyring,
    operator_keyring,
    nowMs: Date.now,
    monotonicMs: () => performance.now(),
    routes: [
      peersRoute(replica),
      entriesRoute({
        group_id: GROUP_ID,
        store: storage.log_store.store,
        standing: () => standingOf(group.state),
      }),
      digestRoute(storage, consensus),
      auditRoute(replica),
      forwardRoute((source_node_id, command) => api.receiveForwarded(source_node_id, command)),
      ...clusterRoutes({
        keeper,
        book,
        announcement,
        wanted: config.cluster_members,
        nowMs: steadyWallClockMs,
        logger: log,
      }),
      ...createOperatorRoutes(parts),
    ],
    deliver: (from, group_id, message) =>
      group_id === GROUP_ID
        ? group.receive(from, message)
        : Promise.reject(new Error('there is no such group here')),
    acceptsFrom: (from) => consensus.acceptsFrom(from),
    onRefused(reason, details) {
      metrics.clusterAuthFailed(reason);
      tell(audit, 'cluster.message_refused', { reason });
      log.debug({ reason, ...details }, 'a message between replicas was refused');
    },
    onFailure: (error) => log.error({ err: error }, 'a message between replicas failed here'),
  });
}

function createNodeApi(parts: NodeParts, running: RunningState): Api {
  const { config, log, storage, keys, consensus, announcement, metrics, replica, audit } = parts;
  return createApi({
    clock: parts.clock,
    replica,
    log,
    version,
    metrics,
    secrets: keys.api,
    audit,
    now_ms: Date.now,
    addresses: () => addressesOf(announcement, consensus, steadyWallClockMs()),
    public_url: config.public_url,
    listens_on: config.http_addr,
    leader_routing: config.leader_routing,
    forward: createForward(consensus),
    token_ttl_s: config.jwt_ttl_s,
    registration: config.registration,
    trust_proxy: config.trust_proxy.length === 0 ? null : config.trust_proxy,
    ui_directory: fileURLToPath(new URL('./ui', import.meta.url)),
    readiness: () => readinessOf(parts, running),
    liveness: () => livenessOf(storage.directory.path),
  });
}

function readinessOf(
  { replica, consensus: { self, group }, disk }: NodeParts,
  running: Readonly<RunningState>,
): Readiness {
  if (running.is_draining) return notReady('draining', 'This replica is stopping.');
  if (running.halted !== null) return notReady('index_not_reached', running.halted);
  if (disk.trouble !== null) return notReady('index_not_reached', disk.trouble);
  const { configuration, leader } = replica.status();
  if (configuration === null)
    return notReady('no_leader', 'The cluster has not reached this replica.');
  if (!isMember(configuration, self)) {
    return notReady('no_leader', 'This replica, with this disk, is no member of the cluster.');
  }
  if (group.state.is_state_missing) {
    return notReady('index_not_reached', 'The state of this replica is lost; it needs a snapshot.');
  }
  if (leader === null) return notReady('no_leader', 'Nobody leads at the moment.');
  const stale_ms = replica.staleMs();
  if (!isVoter(configuration, self) && (stale_ms === null || stale_ms > LEARNER_STALE_MS_MAX)) {
    return notReady(
      'index_not_reached',
      'This replica is a learner that catches up with the others.',
    );
  }
  return { ready: true };
}

function notReady(code: 'draining' | 'no_leader' | 'index_not_reached', reason: string): Readiness {
  return { ready: false, code, reason };
}

/** Null while the data directory can be written; that the event loop turns is shown by the answer. */
async function livenessOf(data_directory: string): Promise<string | null> {
  try {
    await access(data_directory, constants.W_OK);
    return null;
  } catch {
    return 'The data directory cannot be written.';
  }
}
