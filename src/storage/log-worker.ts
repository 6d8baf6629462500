import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { assert, must, unreachable } from '../base/assert.ts';
import type { Persist } from '../consensus/raft/effect.ts';
import { LogCorruptError } from '../consensus/log-corrupt-error.ts';
import { RepairRefusedError } from '../consensus/repair-refused-error.ts';
import { limits } from '../limits.ts';
import { isDiskFull } from './disk-full.ts';
import { LogDatabase } from './log-database.ts';
import type { LogDatabaseOptions } from './log-database.ts';
import type { LogReply, LogRequest } from './log-message.ts';
import { decodeEntries, decodeWrites, encodeEntries } from './write-codec.ts';

/**
 * The thread that owns raft.db. It takes everything that has arrived, commits neighbouring writes in
 * one transaction (group commit: what comes while the disk is busy shares the next fsync), and
 * answers in the order of the calls. On a full disk it tries again until there is space: nothing was
 * promised yet. A damaged entry concerns who asked for it, and so does a repair that
 * has no place; any other error is its last word, a failed
 * fsync above all: what the kernel dropped then, a second one would not bring back.
 */
function serve(port: MessagePort, options: LogDatabaseOptions): void {
  let database: LogDatabase;
  try {
    database = new LogDatabase(options);
  } catch (error) {
    fail(port, error);
    return;
  }
  const queue: LogRequest[] = [];
  let retry: NodeJS.Timeout | null = null;
  function work(): void {
    try {
      while (queue.length > 0) queue.splice(0, serveFirst(port, database, queue));
      if (retry !== null) post(port, { kind: 'disk_full', is_full: false });
      retry = null;
    } catch (error) {
      if (!isDiskFull(error)) {
        fail(port, error);
        return;
      }
      if (retry === null) post(port, { kind: 'disk_full', is_full: true });
      retry = setTimeout(work, limits.disk_full_retry_ms);
    }
  }
  post(port, { kind: 'opened' });
  port.on('message', (first: LogRequest) => {
    queue.push(first, ...waiting(port));
    if (retry === null) {
      work();
    } else if (queue.at(-1)?.kind === 'close') {
      clearTimeout(retry);
      for (const { call_id } of queue.splice(0, queue.length - 1)) {
        post(port, { kind: 'rejected', call_id, what: 'there was no space', corrupt_index: null });
      }
      work();
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

/** Serves the first request, or all the writes that stand first; returns how many that were. */
function serveFirst(
  port: MessagePort,
  database: LogDatabase,
  queue: readonly LogRequest[],
): number {
  const writes: Persist[] = [];
  const call_ids: number[] = [];
  for (const request of queue) {
    if (request.kind !== 'write') break;
    for (const write of decodeWrites(request.writes)) writes.push(write);
    call_ids.push(request.call_id);
  }
  if (call_ids.length > 0) {
    database.write(writes);
    post(port, { kind: 'written', call_ids });
    return call_ids.length;
  }
  const request = must(queue[0], 'nothing to serve');
  assert(request.kind !== 'write', 'a write that was not gathered');
  serveOne(port, database, request);
  return 1;
}

function serveOne(
  port: MessagePort,
  database: LogDatabase,
  request: Exclude<LogRequest, { kind: 'write' }>,
): void {
  const { call_id } = request;
  let value: unknown;
  try {
    value = answer(database, request);
  } catch (error) {
    if (request.kind === 'read' && error instanceof LogCorruptError) {
      post(port, { kind: 'rejected', call_id, what: error.what, corrupt_index: error.index });
    } else if (request.kind === 'repair' && error instanceof RepairRefusedError) {
      post(port, { kind: 'rejected', call_id, what: error.message, corrupt_index: null });
    } else {
      throw error;
    }
    return;
  }
  post(port, { kind: 'answered', call_id, value }, value instanceof ArrayBuffer ? [value] : []);
  if (request.kind === 'close') port.close();
}

/** The answer, or null for what has none. */
function answer(database: LogDatabase, request: Exclude<LogRequest, { kind: 'write' }>): unknown {
  switch (request.kind) {
    case 'load':
      return database.load();
    case 'read':
      return encodeEntries(database.read(request.from, request.through, request.bytes_max));
    case 'inspect':
      return database.inspect(request.index);
    case 'repair':
      database.repair(decodeEntries(request.entries));
      return null;
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
