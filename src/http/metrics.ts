import { monitorEventLoopDelay } from 'node:perf_hooks';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Observer, SnapshotEvent } from '../consensus/ports.ts';
import type { ReplicaStatus } from '../replica/replica.ts';
import { createLiveMetrics } from './live-metrics.ts';
import type { LiveMetrics } from './live-metrics.ts';
import { createAuditMetrics } from './audit-metrics.ts';
import type { AuditMetrics } from './audit-metrics.ts';
import { createStorageMetrics } from './storage-metrics.ts';
import type { StorageMetrics } from './storage-metrics.ts';
import { createStreamMetrics } from './stream-metrics.ts';
import type { StreamMetrics } from './stream-metrics.ts';

export interface MetricsOptions {
  /** Read at scrape time; null until the replica runs. */
  readonly status: () => ReplicaStatus | null;
  /** The Raft group these figures are of. */
  readonly group_id: string;
  readonly version: string;
}

/** What became of a write that was sent to the leader. */
export type ForwardOutcome =
  | 'done'
  | 'refused'
  | 'caller_changed'
  | 'not_leader'
  | 'no_leader'
  | 'unreachable'
  | 'overloaded'
  | 'unknown';

/** What operators want to see of this process, in the Prometheus format. */
export interface Metrics {
  readonly registry: Registry;
  /** For the Raft driver. */
  readonly observer: Observer;
  readonly storage: StorageMetrics;
  readonly live: LiveMetrics;
  readonly audit: AuditMetrics;
  readonly streams: StreamMetrics;
  /** `route` is a template, never a raw path. */
  requestServed(method: string, route: string, status: number, duration_ms: number): void;
  /** A request was answered `rate_limited`. */
  rateLimited(route: string): void;
  /** A write was sent to the leader. */
  forwarded(outcome: ForwardOutcome): void;
  proposalFailed(): void;
  readIndexFailed(): void;
  /** A committed command was refused by a defect of its rule. */
  commandFailed(): void;
  /** A message of a replica was refused; `reason` is one of a closed list. */
  clusterAuthFailed(reason: string): void;
  /** The state was compared with that of the others; `differing`: how many have another. */
  stateCompared(index: number, differing: number): void;
}

/** Each look wakes an idle process: twice as often costs more than a replica's share of heartbeats. */
const LOOP_RESOLUTION_MS = 20;
/** prom-client's own look at the event loop, which cannot be switched off, hardly ever wakes the process. */
const UNUSED_LOOP_RESOLUTION_MS = 60 * 60 * 1000;
/** What it says of the loop with that look: `agenda_event_loop_lag_seconds` says it better. */
const UNUSED_LOOP_METRICS = ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'].map(
  (figure) => `nodejs_eventloop_lag_${figure}_seconds`,
);
const DISK_BUCKETS_S = [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5];
const SNAPSHOT_BUCKETS_S = [0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300];
const REQUEST_BUCKETS_S = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];

function createRequestTimer(registry: Registry): Metrics['requestServed'] {
  const requests = new Histogram({
    name: 'agenda_http_request_duration_seconds',
    help: 'From the first byte of the request to the end of the answer.',
    labelNames: ['method', 'route', 'status_class'],
    buckets: REQUEST_BUCKETS_S,
    registers: [registry],
  });
  return (method, route, status, duration_ms) => {
    const status_class = `${Math.floor(status / 100)}xx`;
    requests.labels(method, route, status_class).observe(duration_ms / 1000);
  };
}

export function createMetrics(options: MetricsOptions): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectProcessMetrics(registry);
  addLoopLag(registry);
  addRaftGauges(registry, options);
  new Gauge({
    name: 'agenda_build_info',
    help: 'Always 1; the labels say what runs.',
    labelNames: ['version', 'node_version'],
    registers,
  }).set({ version: options.version, node_version: process.version }, 1);

  const counterBy = (label: string, name: string, help: string): ((value: string) => void) => {
    const counter = new Counter({ name, help, labelNames: [label], registers });
    return (value) => {
      counter.labels(value).inc();
    };
  };
  const raftCounter = (name: string, help: string): (() => void) => {
    const counter = new Counter({ name, help, labelNames: ['group'], registers });
    const child = counter.labels(options.group_id);
    child.inc(0);
    return () => {
      child.inc();
    };
  };
  return {
    registry,
    stateCompared: createStateGauges(registry, options.group_id),
    observer: createObserver(registry, options.group_id),
    storage: createStorageMetrics(registry, options.group_id),
    live: createLiveMetrics(registry),
    audit: createAuditMetrics(registry),
    streams: createStreamMetrics(registry),
    requestServed: createRequestTimer(registry),
    rateLimited: counterBy(
      'route',
      'agenda_http_rate_limited_total',
      'Requests that were refused because there were too many.',
    ),
    forwarded: counterBy(
      'outcome',
      'agenda_forwarded_requests_total',
      'Writes handed to the leader for clients that cannot be redirected.',
    ),
    proposalFailed: raftCounter(
      'agenda_raft_proposals_failed_total',
      'Proposals that were not applied in time.',
    ),
    readIndexFailed: raftCounter(
      'agenda_raft_read_index_failed_total',
      'Linearizable reads that no majority confirmed.',
    ),
    commandFailed: raftCounter(
      'agenda_raft_commands_failed_total',
      'Committed commands that failed by a defect of the program.',
    ),
    clusterAuthFailed: counterBy(
      'reason',
      'agenda_cluster_auth_failures_total',
      'Messages between replicas that were refused.',
    ),
  };
}

function createObserver(registry: Registry, group_id: string): Observer {
  const registers = [registry];
  const histogram = (name: string, help: string) =>
    new Histogram({ name, help, labelNames: ['group'], buckets: DISK_BUCKETS_S, registers }).labels(
      group_id,
    );
  const log_fsync = histogram(
    'agenda_raft_log_fsync_duration_seconds',
    'One durable write of the log.',
  );
  const apply = histogram('agenda_raft_apply_duration_seconds', 'One transaction of applying.');
  const commit = histogram(
    'agenda_raft_commit_latency_seconds',
    'From a proposal to its commit, on the leader.',
  );
  const leader_changes = new Counter({
    name: 'agenda_raft_leader_changes_total',
    help: 'Times another leader became known here.',
    labelNames: ['group'],
    registers,
  }).labels(group_id);
  leader_changes.inc(0);
  const transfers = new Counter({
    name: 'agenda_raft_transfers_total',
    help: 'Transfers of leadership that ended here, by what became of them.',
    labelNames: ['group', 'outcome'],
    registers,
  });
  let last_leader_id: string | null = null;
  return {
    snapshot: createSnapshotObserver(registry, group_id),
    roleChanged: (_role, _term, leader) => {
      if (leader === null || leader.node_id === last_leader_id) return;
      last_leader_id = leader.node_id;
      leader_changes.inc();
    },
    persisted: (_entries, duration_ms) => {
      log_fsync.observe(duration_ms / 1000);
    },
    applied: (_entries, duration_ms) => {
      apply.observe(duration_ms / 1000);
    },
    committed: (latency_ms) => {
      commit.observe(latency_ms / 1000);
    },
    transferEnded: (outcome) => {
      transfers.labels(group_id, outcome).inc();
    },
  };
}

function createStateGauges(registry: Registry, group_id: string): Metrics['stateCompared'] {
  const gauge = (name: string, help: string): Gauge.Internal<string> => {
    const child = new Gauge({ name, help, labelNames: ['group'], registers: [registry] }).labels(
      group_id,
    );
    child.set(0);
    return child;
  };
  const divergence = gauge(
    'agenda_state_divergence',
    'Replicas whose state differed from this one when they were compared last; not 0: look at once.',
  );
  const compared_index = gauge(
    'agenda_state_compared_index',
    'Index at which states were compared last.',
  );
  return (index, differing) => {
    divergence.set(differing);
    compared_index.set(index);
  };
}

function createSnapshotObserver(
  registry: Registry,
  group_id: string,
): (event: SnapshotEvent) => void {
  const registers = [registry];
  const snapshots = new Counter({
    name: 'agenda_raft_snapshots_total',
    help: 'Snapshots sent, installed, or failed on the way.',
    labelNames: ['group', 'kind'],
    registers,
  });
  for (const kind of ['sent', 'installed', 'failed']) snapshots.labels(group_id, kind).inc(0);
  const duration = new Histogram({
    name: 'agenda_raft_snapshot_duration_seconds',
    help: 'From the decision to send, or the first chunk, until the snapshot is installed.',
    labelNames: ['group', 'kind'],
    buckets: SNAPSHOT_BUCKETS_S,
    registers,
  });
  return (event) => {
    snapshots.labels(group_id, event.kind).inc();
    if (event.kind === 'failed') return;
    duration.labels(group_id, event.kind).observe(event.duration_ms / 1000);
  };
}

function collectProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({
    register: registry,
    eventLoopMonitoringPrecision: UNUSED_LOOP_RESOLUTION_MS,
  });
  for (const name of UNUSED_LOOP_METRICS) registry.removeSingleMetric(name);
}

function addLoopLag(registry: Registry): void {
  const delay = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  delay.enable();
  const lag = new Gauge({
    name: 'agenda_event_loop_lag_seconds',
    help: 'How late the event loop was since the last scrape.',
    labelNames: ['quantile'],
    registers: [],
    collect() {
      for (const quantile of [0.5, 0.99, 1]) {
        const late_ms = delay.percentile(quantile * 100) / 1e6 - LOOP_RESOLUTION_MS;
        this.set({ quantile: String(quantile) }, Math.max(0, late_ms) / 1000);
      }
      delay.reset();
    },
  });
  registry.registerMetric(lag);
}

function addRaftGauges(registry: Registry, { status, group_id }: MetricsOptions): void {
  const gauge = (name: string, help: string, valueOf: (status: ReplicaStatus) => number): void => {
    const figure = new Gauge({
      name: `agenda_raft_${name}`,
      help,
      labelNames: ['group'],
      registers: [],
      collect() {
        const now = status();
        if (now !== null) this.set({ group: group_id }, valueOf(now));
      },
    });
    registry.registerMetric(figure);
  };
  gauge('has_leader', '1 while a leader is known here.', ({ leader }) => (leader === null ? 0 : 1));
  gauge('is_leader', '1 while this replica leads.', ({ role }) => (role === 'leader' ? 1 : 0));
  gauge('term', 'The current term.', ({ term }) => term);
  gauge('commit_index', 'Last entry known to be committed.', (now) => now.commit_index);
  gauge('applied_index', 'Last entry in the state.', (now) => now.applied_index);
  gauge('voters', 'Voters of the configuration in force.', ({ configuration }) =>
    configuration === null ? 0 : configuration.voters.length,
  );
  gauge('learners', 'Learners of the configuration in force.', ({ configuration }) =>
    configuration === null ? 0 : configuration.learners.length,
  );
  gauge('proposals_pending', 'Proposals that wait to be applied.', (now) => now.proposals_pending);
  const replication_lag = new Gauge({
    name: 'agenda_raft_replication_lag_entries',
    help: 'On the leader: entries a peer does not have yet.',
    labelNames: ['group', 'peer'],
    registers: [],
    collect() {
      this.reset();
      const now = status();
      for (const peer of now?.peers ?? []) {
        const lag = Math.max(0, (now?.last_index ?? 0) - peer.match_index);
        this.set({ group: group_id, peer: peer.node_id }, lag);
      }
    },
  });
  registry.registerMetric(replication_lag);
}
