import { statSync } from 'node:fs';
import { join } from 'node:path';
import { must } from '../../base/assert.ts';
import { GROUP_ID } from '../../node/group-id.ts';
import { callApi } from '../api-client.ts';
import type { ReplicaProcess } from '../replica-process.ts';
import { gaugeOf } from './process-cost.ts';

/** What one replica takes up. */
export interface Footprint {
  /** With its WAL, as the state's. */
  readonly log_bytes: number;
  readonly state_bytes: number;
  readonly resident_bytes: number;
  readonly applied_index: number;
}

export async function footprintOf(replica: ReplicaProcess): Promise<Footprint> {
  const text = await scrape(replica);
  const gauge = (name: string): number =>
    must(gaugeOf(text, name), `${replica.origin} has a metric ${name}`);
  const sizeOf = (name: string): number =>
    ['', '-wal'].reduce((sum, suffix) => sum + fileBytes(replica, name + suffix), 0);
  return {
    log_bytes: sizeOf('raft.db'),
    state_bytes: sizeOf('agenda.db'),
    resident_bytes: gauge('process_resident_memory_bytes'),
    applied_index: gauge(`agenda_raft_applied_index{group="${GROUP_ID}"}`),
  };
}

/**
 * The longest delay of the event loop since this was asked last: replicas report the maximum between two
 * scrapes, so nothing else may scrape them meanwhile.
 */
export async function longestDelayMs(replica: ReplicaProcess): Promise<number> {
  const lag_s = gaugeOf(await scrape(replica), 'agenda_event_loop_lag_seconds{quantile="1"}');
  return must(lag_s, `${replica.origin} reports the delay of its event loop`) * 1000;
}

async function scrape(replica: ReplicaProcess): Promise<string> {
  const { status, body } = await callApi(replica.origin, 'GET', '/metrics');
  if (status !== 200) throw new Error(`${replica.origin}/metrics answers ${status}`);
  return body as string;
}

/** 0 when it is not there: a WAL comes and goes. */
function fileBytes(replica: ReplicaProcess, name: string): number {
  const path = join(replica.data_directory, name);
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
