import type { LogIndex } from '../consensus/raft/entry.ts';

/** What the main thread asks of the checkpointing one. */
export type CheckpointRequest =
  | { readonly kind: 'checkpoint'; readonly call_id: number }
  /** Checkpoints and lets go of the file, which is about to be replaced. */
  | { readonly kind: 'release'; readonly call_id: number }
  | { readonly kind: 'reopen'; readonly call_id: number }
  | { readonly kind: 'stop' };

export interface CheckpointReply {
  readonly durable_index: LogIndex;
  /** Null: its own idea, by the clock. */
  readonly call_id: number | null;
}

export interface CheckpointWorkerData {
  readonly path: string;
  readonly interval_ms: number;
}
