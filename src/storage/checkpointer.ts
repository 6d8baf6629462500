import { Worker } from 'node:worker_threads';
import { assert, must } from '../base/assert.ts';
import type { LogIndex } from '../consensus/raft/entry.ts';
import type {
  CheckpointReply,
  CheckpointRequest,
  CheckpointWorkerData,
} from './checkpoint-message.ts';

export interface CheckpointerOptions {
  /** Of agenda.db, opened by the store before. */
  readonly path: string;
  readonly interval_ms: number;
  /** The thread ended, and not by `stop`: the WAL grows, and the log can no longer be cut. */
  readonly onFailed: (error: Error) => void;
  /** The compiled `checkpoint-worker.ts`; by default the one beside this module. */
  readonly worker_url?: URL;
}

export interface Checkpointer {
  /** Entries up to here are in the state after any power cut; the log may be cut up to here. */
  durableIndex(): LogIndex;
  /** Checkpoints now; resolves to the durable index. Rejects when the thread has ended. */
  checkpointNow(): Promise<LogIndex>;
  /** Lets go of the file, after a checkpoint: it is about to be replaced by a later state. */
  release(): Promise<LogIndex>;
  /** Goes on, on the file that is there now. */
  reopen(): Promise<LogIndex>;
  /** After a last checkpoint. */
  stop(): Promise<void>;
}

/** Starts the thread that brings the state to the disk every `interval_ms`. */
export function startCheckpointer(options: CheckpointerOptions): Checkpointer {
  return new CheckpointThread(options);
}

interface Waiting {
  resolve(durable_index: LogIndex): void;
  reject(error: Error): void;
}

class CheckpointThread implements Checkpointer {
  readonly #worker: Worker;
  readonly #ended: Promise<void>;
  readonly #waiting = new Map<number, Waiting>();
  #last_call_id = 0;
  #durable_index: LogIndex = 0;
  /** Set when the thread takes no more calls. */
  #end: Error | null = null;

  constructor(options: CheckpointerOptions) {
    const { path, interval_ms } = options;
    assert(interval_ms > 0, 'checkpoints without a pause');
    const worker_url = options.worker_url ?? new URL('./checkpoint-worker.js', import.meta.url);
    const data: CheckpointWorkerData = { path, interval_ms };
    this.#worker = new Worker(worker_url, { workerData: data, name: 'checkpoint' });
    this.#worker.on('message', (reply: CheckpointReply) => this.#receive(reply));
    const fail = (cause: unknown): void => {
      this.#end = new Error('the checkpoint thread broke', { cause });
      options.onFailed(this.#end);
    };
    this.#worker.on('error', fail);
    this.#ended = new Promise((resolve) => {
      this.#worker.once('exit', (code) => {
        if (this.#end === null) fail(new Error(`it exited with code ${code}`));
        const reason = must(this.#end, 'an end without a reason');
        for (const waiting of this.#waiting.values()) waiting.reject(reason);
        this.#waiting.clear();
        resolve();
      });
    });
  }

  durableIndex(): LogIndex {
    return this.#durable_index;
  }

  checkpointNow(): Promise<LogIndex> {
    return this.#call('checkpoint');
  }

  release(): Promise<LogIndex> {
    return this.#call('release');
  }

  reopen(): Promise<LogIndex> {
    return this.#call('reopen');
  }

  #call(kind: 'checkpoint' | 'release' | 'reopen'): Promise<LogIndex> {
    if (this.#end !== null) return Promise.reject(this.#end);
    this.#last_call_id += 1;
    const call_id = this.#last_call_id;
    return new Promise((resolve, reject) => {
      this.#waiting.set(call_id, { resolve, reject });
      this.#post({ kind, call_id });
    });
  }

  async stop(): Promise<void> {
    if (this.#end === null) {
      this.#end = new Error('the checkpointer is stopped');
      this.#post({ kind: 'stop' });
    }
    await this.#ended;
  }

  #post(request: CheckpointRequest): void {
    this.#worker.postMessage(request, []);
  }

  #receive(reply: CheckpointReply): void {
    assert(reply.durable_index >= this.#durable_index, 'the durable index went backwards');
    this.#durable_index = reply.durable_index;
    if (reply.call_id === null) return;
    this.#waiting.get(reply.call_id)?.resolve(reply.durable_index);
    this.#waiting.delete(reply.call_id);
  }
}
