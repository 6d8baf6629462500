import type { Logger } from 'pino';
import { node_actions } from '../agenda/node-event.ts';
import type { NewAuditEvent, NodeEventSink } from '../agenda/node-event.ts';
import { batch_answer_schema, receiveBatch } from '../audit/batch.ts';
import type { Batch, BatchAnswer } from '../audit/batch.ts';
import { payloadOf } from '../audit/event-folder.ts';
import type { Delivery } from '../audit/ports.ts';
import { AuditWorker } from '../audit/worker.ts';
import type { Clock } from '../consensus/ports.ts';
import { sameMember } from '../consensus/raft/configuration.ts';
import type { Route } from '../consensus/rpc/route.ts';
import { RpcError } from '../consensus/rpc/rpc-error.ts';
import type { AuditTrail } from '../http/dependencies.ts';
import type { Metrics } from '../http/metrics.ts';
import { limits } from '../limits.ts';
import type { Replica } from '../replica/replica.ts';
import type { NodeEvent as NotedEvent } from '../storage/node-database.ts';
import { version } from '../version.ts';
import { createStandingWatch, tell } from './audit-observer.ts';
import type { NodeConsensus } from './consensus.ts';
import type { NodeStorage } from './storage.ts';

const AUDIT_PATH = '/raft/audit';
/** Events taken over from node.db at one look: there are a few at most. */
const NOTED_AT_ONCE = 64;

export interface NodeAuditOptions {
  readonly node_id: string;
  readonly boot_id: string;
  readonly storage: NodeStorage;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** What brings events to the log, and shows where this replica stands. */
interface AuditParts {
  readonly consensus: NodeConsensus;
  readonly replica: Replica;
}

/** What happens at this replica, on its way to the audit. */
export interface NodeAudit extends AuditTrail {
  /** From now on it goes to whoever leads; until then it is kept. */
  start(parts: AuditParts): void;
  /** Brings the last of it to the log, if that can be, while others still reach this replica. */
  stop(): Promise<void>;
  /** What is recorded after that goes to node.db only, here. */
  keep(): void;
}

export function openAudit(options: NodeAuditOptions): NodeAudit {
  const { node_id, boot_id, storage, clock, metrics, log } = options;
  const { node_database, agenda_store } = storage;
  let delivering: AuditParts | null = null;
  let stopWatching = (): void => undefined;
  let is_failing = false;
  const worker = new AuditWorker({
    queue: node_database.audit_queue,
    takeOver: (take) =>
      node_database.moveEvents(NOTED_AT_ONCE, (noted) =>
        take(noted.map((event) => eventOf(event, boot_id))),
      ),
    clock,
    now_ms: Date.now,
    run_id: boot_id,
    appliedThrough: (run_id) => agenda_store.view.audit.sourceOf(node_id, run_id)?.last_id ?? 0,
    async deliver(batch) {
      const delivery = delivering === null ? 'failed' : await deliver(delivering, batch, log);
      if (delivery === 'appended') is_failing = false;
      return delivery;
    },
    observer: metrics.audit,
    onFailed(error) {
      if (!is_failing) log.error({ err: error }, 'node.db does not take events for the audit');
      is_failing = true;
    },
  });
  return {
    record: (event) => worker.record(event),
    waiting: (before_id, limit) => worker.waiting(before_id, limit),
    start(parts) {
      const { log: entries, applied_index } = parts.consensus.group.state;
      tell(worker, 'replica.started', { version, last_index: entries.last_index, applied_index });
      delivering = parts;
      worker.start();
      stopWatching = watchStanding(worker, parts, options);
    },
    async stop() {
      stopWatching();
      await worker.stop();
    },
    keep: () => worker.keep(),
  };
}

/** Until the returned function is called. */
function watchStanding(
  sink: NodeEventSink,
  { consensus: { group }, replica }: AuditParts,
  { storage, clock }: NodeAuditOptions,
): () => void {
  const started_at = group.state.log.last_index;
  const watch = createStandingWatch(sink);
  return clock.every(limits.audit_interval_ms, () => {
    const { applied_index, commit_index, term, leader } = replica.status();
    const placed = storage.state_machine.base?.configuration ?? null;
    const leader_id = leader?.node_id ?? null;
    watch({ started_at, applied_index, commit_index, term, leader_id, placed });
  });
}

/** What was noted in node.db by those who cannot reach the audit. */
function eventOf({ id, at_ms, kind, payload }: NotedEvent, boot_id: string): NewAuditEvent {
  const action = `replica.${kind}` as const;
  return {
    at: at_ms,
    action,
    ...node_actions[action],
    actor_key: null,
    request_id: `${boot_id}.noted.${id}`,
    payload: payloadOf(payload),
    count: 1,
  };
}

async function deliver(parts: AuditParts, batch: Batch, log: Logger): Promise<Delivery> {
  try {
    const answer = await answerTo(parts, batch);
    if (answer.kind === 'refused') {
      log.error({ detail: answer.detail }, 'the leader refuses events for the audit');
    }
    if (answer.kind !== 'appended') return answer.kind;
    // Until it is here, it would be sent again.
    const is_here = await parts.replica.waitForIndex(answer.index, limits.request_deadline_ms);
    return is_here ? 'appended' : 'failed';
  } catch (error) {
    if (!(error instanceof RpcError)) log.error({ err: error }, 'events for the audit stay here');
    return 'failed';
  }
}

async function answerTo(
  { consensus: { self, transport, book }, replica }: AuditParts,
  batch: Batch,
): Promise<BatchAnswer> {
  const { leader } = replica.status();
  if (leader === null) return { kind: 'failed' };
  if (sameMember(leader, self)) {
    return receiveBatch({ replica, now_ms: Date.now }, self.node_id, batch);
  }
  const address = book.dialableAddress(leader);
  if (address === null) return { kind: 'failed' };
  const { status, body } = await transport.call(address, 'POST', AUDIT_PATH, batch, {
    destination: leader,
    lane: 'forward',
    timeout_ms: limits.request_deadline_ms + limits.rpc_timeout_ms,
  });
  const answer = batch_answer_schema.safeParse(body);
  return status === 200 && answer.success ? answer.data : { kind: 'failed' };
}

/** Takes the events of others, where this replica leads. */
export function auditRoute(replica: Pick<Replica, 'propose'>): Route {
  return {
    method: 'POST',
    path: AUDIT_PATH,
    accepts_strangers: false,
    format: 'json',
    handle: async ({ envelope, body }) => ({
      status: 200,
      body: await receiveBatch({ replica, now_ms: Date.now }, envelope.source.node_id, body),
    }),
  };
}
