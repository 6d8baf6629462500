import type { ProblemCode } from '../problem.ts';

/** What a client is told, as JSON. */
export type ServerMessage =
  | {
      readonly type: 'subscribed';
      /** Those of the request that are subscribed now. */
      readonly channels: readonly string[];
      /** They begin here. */
      readonly cursor: string;
      /** There only when some are not. */
      readonly refused?: readonly RefusedChannel[];
    }
  | { readonly type: 'unsubscribed'; readonly channels: readonly string[] }
  | {
      readonly type: 'event';
      readonly channel: string;
      readonly cursor: string;
      readonly event: { readonly kind: string; readonly id: string; readonly version: number };
    }
  /** The client has everything before this. */
  | { readonly type: 'cursor'; readonly cursor: string }
  /** Something is missing on these channels: read anew what they show; they go on from this cursor. */
  | { readonly type: 'resync'; readonly channels: readonly string[]; readonly cursor: string }
  | LeaderMessage
  | ReplicasMessage
  | { readonly type: 'pong' }
  | { readonly type: 'error'; readonly code: ProblemCode; readonly detail: string };

export interface LeaderMessage {
  readonly type: 'leader';
  /** The Raft group. */
  readonly group: string;
  /** Null: nobody leads that this replica knows of. */
  readonly leader_id: string | null;
  /** Where it is reached, as in `GET /leaders`. */
  readonly leader: string | null;
  readonly term: number;
}

export interface ReplicasMessage {
  readonly type: 'replicas';
  readonly replicas: readonly ReplicaNews[];
}

/** A part of what `GET /cluster/status` says of a member. */
interface ReplicaNews {
  readonly id: string;
  readonly address: string | null;
  readonly voter: boolean;
  readonly is_leader: boolean;
  readonly healthy: boolean;
}

export interface RefusedChannel {
  readonly channel: string;
  readonly code: ProblemCode;
  readonly detail: string;
}

export function encodeMessage(message: ServerMessage): Buffer {
  return Buffer.from(JSON.stringify(message));
}
