import { parentPort, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { must } from '../base/assert.ts';
import type {
  CheckpointReply,
  CheckpointRequest,
  CheckpointWorkerData,
} from './checkpoint-message.ts';
import { StateCheckpoints } from './checkpoint.ts';

/** The thread that checkpoints agenda.db. An error ends it, and the main thread hears of it. */
function serve(port: MessagePort, data: CheckpointWorkerData): void {
  const checkpoints = new StateCheckpoints({ path: data.path });
  const timer = setInterval(() => reply(port, checkpoints, null), data.interval_ms);
  port.on('message', (request: CheckpointRequest) => {
    switch (request.kind) {
      case 'checkpoint':
        return reply(port, checkpoints, request.call_id);
      case 'stop':
        clearInterval(timer);
        reply(port, checkpoints, null);
        checkpoints.close();
        return port.close();
    }
  });
}

function reply(port: MessagePort, checkpoints: StateCheckpoints, call_id: number | null): void {
  const message: CheckpointReply = { durable_index: checkpoints.run(), call_id };
  port.postMessage(message, []);
}

serve(
  must(parentPort, 'checkpoint-worker.ts runs as a worker thread'),
  workerData as CheckpointWorkerData,
);
