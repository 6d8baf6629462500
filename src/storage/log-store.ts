import { Worker } from 'node:worker_threads';
import { assert, must } from '../base/assert.ts';
import type { DamagedEntry, LogStore, StoredLog } from '../consensus/ports.ts';
import type { ClusterId } from '../consensus/raft/configuration.ts';
import type { Persist } from '../consensus/raft/effect.ts';
import type { Entry, LogIndex } from '../consensus/raft/entry.ts';
import { LogCorruptError } from '../consensus/log-corrupt-error.ts';
import type { LogDatabaseOptions, LogIdentity } from './log-database.ts';
import type { LogReply, LogRequest } from './log-message.ts';
import { decodeEntries, encodeEntries, encodeWrites } from './write-codec.ts';

/** The log's thread ended, by an error or because it was closed; nothing works any more. */
class LogStoreError extends Error {
  override name = 'LogStoreError';
}

export interface LogStoreOptions extends LogDatabaseOptions {
  /** The compiled `log-worker.ts`; by default the one beside this module. */
  readonly worker_url?: URL;
  /** Writes wait for space on the disk, or no longer do. */
  readonly onDiskFull?: (is_full: boolean) => void;
}

/** Identity of the storage; every change is on the disk when its promise resolves. */
interface IdentityStore {
  read(): Promise<LogIdentity>;
  setPromise(promise: string | null): Promise<void>;
  /** Once; the same id again changes nothing. */
  setClusterId(cluster_id: ClusterId): Promise<void>;
}

export interface OpenedLogStore {
  readonly store: LogStore;
  readonly identity: IdentityStore;
  /** After what was called before it. */
  close(): Promise<void>;
}

/**
 * Opens raft.db in a thread of its own, so that no fsync ever waits on the main one.
 *
 * Rejects with {@link LogStoreError} when it cannot be opened. Later, the first error rejects all that
 * is waiting and all that follows, but for a read of a damaged entry ({@link LogCorruptError}) and a
 * repair that has no place.
 */
export async function openLogStore(options: LogStoreOptions): Promise<OpenedLogStore> {
  const { path, group_id, worker_url = new URL('./log-worker.js', import.meta.url) } = options;
  const onDiskFull = options.onDiskFull ?? ((): void => undefined);
  const thread = new LogThread(worker_url, { path, group_id }, onDiskFull);
  await thread.opened;
  const store: LogStore = {
    load: () => thread.call<StoredLog>({ kind: 'load' }),
    write(writes) {
      return thread.write(writes);
    },
    async read(from, through, bytes_max) {
      assert(from >= 1 && through >= from - 1, `no range of entries: ${from} to ${through}`);
      const range = { kind: 'read', from, through, bytes_max } as const;
      return decodeEntries(await thread.call<ArrayBuffer>(range));
    },
    inspect: (index) => thread.call<DamagedEntry | null>({ kind: 'inspect', index }),
    repair: (entries) => thread.repair(entries),
    close: () => thread.close(),
  };
  const identity: IdentityStore = {
    read: () => thread.call<LogIdentity>({ kind: 'read_identity' }),
    setPromise: (promise) => thread.call<void>({ kind: 'set_promise', promise }),
    setClusterId: (cluster_id) => thread.call<void>({ kind: 'set_cluster_id', cluster_id }),
  };
  return { store, identity, close: () => thread.close() };
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

type WithoutCallId<T> = T extends unknown ? Omit<T, 'call_id'> : never;

/** The main thread's end: pairs calls with answers and keeps the first error for ever. */
class LogThread {
  /** Resolves when the database is open. */
  readonly opened: Promise<void>;
  readonly #worker: Worker;
  readonly #ended: Promise<void>;
  readonly #waiting = new Map<number, Waiting>();
  readonly #onDiskFull: (is_full: boolean) => void;
  #last_call_id = 0;
  #failure: Error | null = null;
  #closed: Promise<void> | null = null;

  constructor(
    worker_url: URL,
    options: LogDatabaseOptions,
    onDiskFull: (is_full: boolean) => void,
  ) {
    this.#onDiskFull = onDiskFull;
    this.#worker = new Worker(worker_url, { workerData: options, name: 'raft-log' });
    this.opened = new Promise((resolve, reject) => {
      this.#waiting.set(0, { resolve: () => resolve(), reject });
    });
    this.#ended = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        this.#fail(new LogStoreError('the log is closed'));
        resolve();
      });
    });
    this.#worker.on('message', (reply: LogReply) => this.#receive(reply));
    this.#worker.on('error', (cause: unknown) => {
      this.#fail(new LogStoreError('the log thread broke', { cause }));
    });
  }

  call<T>(request: WithoutCallId<LogRequest>): Promise<T> {
    return this.#send(request, []) as Promise<T>;
  }

  async write(writes: readonly Persist[]): Promise<void> {
    const encoded = encodeWrites(writes);
    await this.#send({ kind: 'write', writes: encoded }, [encoded]);
  }

  async repair(entries: readonly Entry[]): Promise<void> {
    const encoded = encodeEntries(entries);
    await this.#send({ kind: 'repair', entries: encoded }, [encoded]);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    if (this.#failure === null) {
      const closed = this.call<void>({ kind: 'close' });
      this.#failure = new LogStoreError('the log is closed');
      await closed;
    }
    await this.#ended;
  }

  #send(request: WithoutCallId<LogRequest>, transfer: readonly ArrayBuffer[]): Promise<unknown> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    this.#last_call_id += 1;
    const call_id = this.#last_call_id;
    return new Promise((resolve, reject) => {
      this.#waiting.set(call_id, { resolve, reject });
      this.#worker.postMessage({ ...request, call_id }, transfer);
    });
  }

  #receive(reply: LogReply): void {
    switch (reply.kind) {
      case 'opened':
        return this.#take(0).resolve(undefined);
      case 'written':
        for (const call_id of reply.call_ids) this.#take(call_id).resolve(undefined);
        return;
      case 'answered':
        return this.#take(reply.call_id).resolve(reply.value);
      case 'rejected':
        return this.#take(reply.call_id).reject(errorOf(reply));
      case 'disk_full':
        return this.#onDiskFull(reply.is_full);
      case 'failed':
        return this.#fail(errorOf(reply));
    }
  }

  #take(call_id: number): Waiting {
    const waiting = must(this.#waiting.get(call_id), `an answer to no call: ${call_id}`);
    this.#waiting.delete(call_id);
    return waiting;
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    const rejected = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const waiting of rejected) waiting.reject(error);
  }
}

function errorOf(reply: { readonly what: string; readonly corrupt_index: LogIndex | null }): Error {
  const { what, corrupt_index } = reply;
  return corrupt_index === null
    ? new LogStoreError(what)
    : new LogCorruptError(corrupt_index, what);
}
