import { parentPort, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { must, unreachable } from '../base/assert.ts';
import { makeSnapshot, prepareSnapshot } from './snapshot-file.ts';
import type { MakeSnapshotTask, PrepareSnapshotTask } from './snapshot-file.ts';

/** A thread for one task, which may take its time; what it throws ends it, and the asker hears of it. */
function serve(port: MessagePort, task: MakeSnapshotTask | PrepareSnapshotTask): void {
  switch (task.kind) {
    case 'make':
      return port.postMessage(makeSnapshot(task), []);
    case 'prepare':
      return port.postMessage(prepareSnapshot(task), []);
    default:
      return unreachable(task);
  }
}

serve(
  must(parentPort, 'snapshot-worker.ts runs as a worker thread'),
  workerData as MakeSnapshotTask | PrepareSnapshotTask,
);
