import type { ClusterId } from '../consensus/raft/configuration.ts';
import type { LogIndex } from '../consensus/raft/entry.ts';

/** What the main thread asks of the log's thread; answered in the order of the calls. */
export type LogRequest = { readonly call_id: number } & (
  | { readonly kind: 'load' }
  /** Buffers: see `write-codec.ts`. */
  | { readonly kind: 'write'; readonly writes: ArrayBuffer }
  | {
      readonly kind: 'read';
      readonly from: LogIndex;
      readonly through: LogIndex;
      readonly bytes_max: number;
    }
  | { readonly kind: 'inspect'; readonly index: LogIndex }
  | { readonly kind: 'repair'; readonly entries: ArrayBuffer }
  | { readonly kind: 'read_identity' }
  | { readonly kind: 'set_promise'; readonly promise: string | null }
  | { readonly kind: 'set_cluster_id'; readonly cluster_id: ClusterId }
  | { readonly kind: 'close' }
);

export type LogReply =
  | { readonly kind: 'opened' }
  /** All these writes are on the disk. */
  | { readonly kind: 'written'; readonly call_ids: readonly number[] }
  | { readonly kind: 'answered'; readonly call_id: number; readonly value: unknown }
  /** This call, and no other, came to nothing. */
  | {
      readonly kind: 'rejected';
      readonly call_id: number;
      readonly what: string;
      readonly corrupt_index: LogIndex | null;
    }
  /** Writes wait for space on the disk, or no longer do. */
  | { readonly kind: 'disk_full'; readonly is_full: boolean }
  /** The end: nothing more is answered. */
  | { readonly kind: 'failed'; readonly what: string; readonly corrupt_index: LogIndex | null };
