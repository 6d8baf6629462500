import type { Logger } from 'pino';
import type { NodeEventSink } from '../agenda/node-event.ts';
import type { Observer } from '../consensus/ports.ts';
import type { Metrics } from '../http/metrics.ts';
import { auditObserver } from './audit-observer.ts';
import { logSnapshot } from './log-snapshot.ts';

/** What the driver tells goes to the metrics, the log and the audit. */
export function observerOf({ observer }: Metrics, log: Logger, audit: NodeEventSink): Observer {
  const audited = auditObserver(audit);
  return {
    ...observer,
    transferEnded(outcome) {
      observer.transferEnded(outcome);
      audited.transferEnded(outcome);
    },
    roleChanged(role, term, leader) {
      observer.roleChanged(role, term, leader);
      audited.roleChanged(role, term, leader);
      log.info({ role, term, leader_id: leader?.node_id ?? null }, 'role');
    },
    snapshot(event) {
      observer.snapshot(event);
      audited.snapshot(event);
      logSnapshot(log, event);
    },
  };
}
