import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';

/** `stalled`: the client read nothing for too long; `too_long`: it did not come to an end. */
export type CutOffReason = 'stalled' | 'too_long';

/** What operators want to see of answers that are made while they are sent: each holds a state. */
export interface StreamMetrics {
  begun(): void;
  ended(): void;
  cutOff(reason: CutOffReason): void;
}

export function createStreamMetrics(registry: Registry): StreamMetrics {
  const registers = [registry];
  const open = new Gauge({
    name: 'agenda_http_streams',
    help: 'Large agendas that are being sent.',
    registers,
  });
  const cut_off = new Counter({
    name: 'agenda_http_streams_cut_off_total',
    help: 'Large agendas that were cut off because their reader was too slow, by why.',
    labelNames: ['reason'],
    registers,
  });
  open.set(0);
  for (const reason of ['stalled', 'too_long']) cut_off.labels(reason).inc(0);
  return {
    begun: () => {
      open.inc();
    },
    ended: () => {
      open.dec();
    },
    cutOff: (reason) => {
      cut_off.labels(reason).inc();
    },
  };
}
