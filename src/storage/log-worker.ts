import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { must, unreachable } from '../base/assert.ts';
import type { Persist } from '../consensus/raft/effect.ts';
import { LogCorruptError } from './log-corrupt-error.ts';
import { LogDatabase } from './log-database.ts';
import type { LogDatabaseOptions } from './log-database.ts';
import type { LogReply, LogRequest } from './log-message.ts';
import { decodeWrites, encodeEntries } from './write-codec.ts';

/**
 * The thread that owns raft.db. It takes everything that has arrived, commits neighbouring writes in
 * one transaction (group commit: what comes while the disk is busy shares the next fsync), and
 * answers in the order of the calls. The first error is its last word.
 */
function serve(port: MessagePort, options: LogDatabaseOptions): void {
  let database: LogDatabase | null = null;
  try {
    database = new LogDatabase(options);
  } catch (error) {
    fail(port, error);
    return;
  }
  const opened = database;
  post(port, { kind: 'opened' });
  port.on('message', (first: LogRequest) => {
    try {
      if (handle(port, opened, [first, ...waiting(port)]) === 'go_on') return;
      port.close();
    } catch (error) {
      fail(port, error);
    }
  });
}

/** Requests that have arrived already. */
function waiting(port: MessagePort): readonly LogRequest[] {
  const requests: LogRequest[] = [];
  for (;;) {
    const received = receiveMessageOnPort(port);
    if (received === undefined) return requests;
    requests.push(received.message as LogRequest);
  }
}

function handle(
  port: MessagePort,
  database: LogDatabase,
  requests: readonly LogRequest[],
): 'go_on' | 'closed' {
  let writes: Persist[] = [];
  let call_ids: number[] = [];
  function commit(): void {
    if (call_ids.length === 0) return;
    database.write(writes);
    post(port, { kind: 'written', call_ids });
    writes = [];
    call_ids = [];
  }
  for (const request of requests) {
    if (request.kind === 'write') {
      for (const write of decodeWrites(request.writes)) writes.push(write);
      call_ids.push(request.call_id);
      continue;
    }
    commit();
    const value = answer(database, request);
    const transfer = value instanceof ArrayBuffer ? [value] : [];
    post(port, { kind: 'answered', call_id: request.call_id, value }, transfer);
    if (request.kind === 'close') return 'closed';
  }
  commit();
  return 'go_on';
}

/** The answer, or null for what has none. */
function answer(database: LogDatabase, request: Exclude<LogRequest, { kind: 'write' }>): unknown {
  switch (request.kind) {
    case 'load':
      return database.load();
    case 'read':
      return encodeEntries(database.read(request.from, request.through, request.bytes_max));
    case 'read_identity':
      return database.readIdentity();
    case 'set_promise':
      database.setPromise(request.promise);
      return null;
    case 'set_cluster_id':
      database.setClusterId(request.cluster_id);
      return null;
    case 'close':
      database.close();
      return null;
    default:
      return unreachable(request);
  }
}

function post(port: MessagePort, reply: LogReply, transfer: readonly ArrayBuffer[] = []): void {
  port.postMessage(reply, transfer);
}

function fail(port: MessagePort, error: unknown): void {
  if (error instanceof LogCorruptError) {
    post(port, { kind: 'failed', what: error.what, corrupt_index: error.index });
  } else {
    const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    post(port, { kind: 'failed', what, corrupt_index: null });
  }
  port.close();
}

serve(must(parentPort, 'log-worker.ts runs as a worker thread'), workerData as LogDatabaseOptions);
