import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';

/** What operators want to see of the WebSockets. */
export interface LiveMetrics {
  connections(count: number): void;
  eventsSent(count: number): void;
  /** `reason` is one of a closed list. */
  closed(reason: string): void;
  /** No WebSocket came of a request; `code` is that of the refusal. */
  refused(code: string): void;
}

export function createLiveMetrics(registry: Registry): LiveMetrics {
  const registers = [registry];
  const connections = new Gauge({
    name: 'agenda_ws_connections',
    help: 'WebSockets that are open.',
    registers,
  });
  const events = new Counter({
    name: 'agenda_ws_events_sent_total',
    help: 'Events sent to WebSockets, each time that one was sent.',
    registers,
  });
  const closed = new Counter({
    name: 'agenda_ws_closed_total',
    help: 'WebSockets that ended, by why.',
    labelNames: ['reason'],
    registers,
  });
  const refused = new Counter({
    name: 'agenda_ws_refused_total',
    help: 'Requests for a WebSocket that were refused, by the code of the refusal.',
    labelNames: ['code'],
    registers,
  });
  connections.set(0);
  return {
    connections: (count) => {
      connections.set(count);
    },
    eventsSent: (count) => {
      events.inc(count);
    },
    closed: (reason) => {
      closed.labels(reason).inc();
    },
    refused: (code) => {
      refused.labels(code).inc();
    },
  };
}
