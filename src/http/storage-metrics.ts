import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';

/** `low`: others lead, and no commands are taken. `full`: writes wait for space. */
export type StorageState = 'ok' | 'low' | 'full';

/** What operators want to see of the disk. */
export interface StorageMetrics {
  free(bytes: number): void;
  state(state: StorageState): void;
  /** Whether an entry of the log is damaged and not repaired yet. */
  damaged(is_damaged: boolean): void;
  /** A damaged entry was fetched from another replica. */
  repaired(): void;
}

export function createStorageMetrics(registry: Registry, group_id: string): StorageMetrics {
  const registers = [registry];
  const free = new Gauge({
    name: 'agenda_storage_free_bytes',
    help: 'Space left for the data directory.',
    registers,
  });
  const states = new Gauge({
    name: 'agenda_storage_state',
    help: '1 for the state the disk is in: ok, low (others lead), full (writes wait).',
    labelNames: ['state'],
    registers,
  });
  const damaged = new Gauge({
    name: 'agenda_raft_log_damaged',
    help: '1 while an entry of the log is damaged and could not be fetched from the others.',
    labelNames: ['group'],
    registers,
  }).labels(group_id);
  const repaired = new Counter({
    name: 'agenda_raft_log_entries_repaired_total',
    help: 'Damaged entries of the log that were fetched from the others.',
    labelNames: ['group'],
    registers,
  }).labels(group_id);
  damaged.set(0);
  repaired.inc(0);
  const setState = (now: StorageState): void => {
    for (const state of ['ok', 'low', 'full']) states.labels(state).set(state === now ? 1 : 0);
  };
  setState('ok');
  return {
    free: (bytes) => {
      free.set(bytes);
    },
    state: setState,
    damaged: (is_damaged) => {
      damaged.set(is_damaged ? 1 : 0);
    },
    repaired: () => {
      repaired.inc();
    },
  };
}
