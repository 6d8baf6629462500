import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';

/** What operators want to see of the way that this replica's events take into the log. */
export interface AuditMetrics {
  queued(depth: number): void;
  appended(events: number): void;
  folded(events: number): void;
  lost(events: number): void;
}

export function createAuditMetrics(registry: Registry): AuditMetrics {
  const registers = [registry];
  const depth = new Gauge({
    name: 'agenda_audit_queue_depth',
    help: 'Events of this replica that wait to come into the log.',
    registers,
  });
  const counter = (name: string, help: string): ((events: number) => void) => {
    const counted = new Counter({ name, help, registers });
    return (events) => {
      counted.inc(events);
    };
  };
  return {
    queued: (events) => {
      depth.set(events);
    },
    appended: counter(
      'agenda_audit_appended_total',
      'Rows of events of this replica that came into the log.',
    ),
    folded: counter(
      'agenda_audit_folded_total',
      'Events that became part of an equal one, which has a count.',
    ),
    lost: counter(
      'agenda_audit_dropped_total',
      'Events that there was no room for; a gap row says how many of each.',
    ),
  };
}
