import { parentPort, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { must } from '../base/assert.ts';
import type { LogIndex } from '../consensus/raft/entry.ts';
import type {
  CheckpointReply,
  CheckpointRequest,
  CheckpointWorkerData,
} from './checkpoint-message.ts';
import { StateCheckpoints } from './checkpoint.ts';
import { sqliteCode } from './sqlite-code.ts';

/** The thread that checkpoints agenda.db. An error ends it, and the main thread hears of it. */
function serve(port: MessagePort, { path, interval_ms }: CheckpointWorkerData): void {
  let checkpoints: StateCheckpoints | null = telling(() => new StateCheckpoints({ path }));
  let durable_index: LogIndex = 0;
  const run = (): LogIndex => telling(() => checkpoints?.run() ?? durable_index);
  const reply = (call_id: number | null): void => {
    // While the file is not open, what was durable in it is durable.
    durable_index = run();
    const message: CheckpointReply = { durable_index, call_id };
    port.postMessage(message, []);
  };
  const close = (): void => {
    checkpoints?.close();
    checkpoints = null;
  };
  const timer = setInterval(() => reply(null), interval_ms);
  port.on('message', (request: CheckpointRequest) => {
    switch (request.kind) {
      case 'checkpoint':
        return reply(request.call_id);
      case 'release':
        durable_index = run();
        close();
        return reply(request.call_id);
      case 'reopen':
        checkpoints ??= telling(() => new StateCheckpoints({ path, durable_index }));
        return reply(request.call_id);
      case 'stop':
        clearInterval(timer);
        reply(null);
        close();
        return port.close();
    }
  });
}

/** Of an error of SQLite's only the code would cross to the main thread; of this one the words do as well. */
function telling<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    const code = sqliteCode(error);
    if (code === null || !(error instanceof Error)) throw error;
    throw Object.assign(new Error(error.message), { code });
  }
}

serve(
  must(parentPort, 'checkpoint-worker.ts runs as a worker thread'),
  workerData as CheckpointWorkerData,
);
