import type { Instant, Key } from './model.ts';

/** What a row of the audit is about. */
export const audit_components = [
  'users',
  'calendars',
  'appointments',
  'groups',
  'notifications',
  'posts',
  'work',
  /** Commands that met a defect of the program. */
  'commands',
  /** Requests that were refused. */
  'requests',
  /** Elections, leaders, members, snapshots. */
  'raft',
  /** The life of one replica. */
  'replica',
  /** What replicas say to each other. */
  'cluster',
  /** The audit itself. */
  'audit',
] as const;
export type AuditComponent = (typeof audit_components)[number];

export const audit_levels = ['info', 'warn', 'error'] as const;
export type AuditLevel = (typeof audit_levels)[number];

/**
 * Who did what, when, through which replica: one row a command, written with the change itself, and one
 * for each event of a replica. Ids and small facts only, never content: what a person typed can be erased
 * without touching the trail.
 *
 * Rows are chained, entry by entry, when they are written (`replica/audit-chain.ts`): the rules leave
 * `chain` null.
 */
export interface AuditRow {
  readonly key: Key;
  readonly component: AuditComponent;
  /** The kind of the command, `command.failed` (a defect of the program stopped it), or a replica's event. */
  readonly action: string;
  /** Null: nobody was logged in. */
  readonly actor_key: Key | null;
  /** What was made or changed, in `component`'s terms. */
  readonly object_key: Key | null;
  readonly request_id: string;
  /** The replica that took the request, or where it happened; empty when that could not be read. */
  readonly origin_node: string;
  /** State time; of a replica's event, when it happened there, and not after the state time. */
  readonly occurred_at: Instant;
  readonly level: AuditLevel;
  /** JSON, an object of ids and small facts; null: it was erased. */
  readonly payload: string | null;
  /** Of an erased payload, what the chain has of it; null while the payload is there. */
  readonly payload_hash: string | null;
  /** So many equal events of a replica; 1 for a command. */
  readonly count: number;
  /** The head of the chain after this entry; null but on the last row of an entry. */
  readonly chain: string | null;
}

/** Up to where the events of one run of a replica's process are in the audit. */
export interface AuditSource {
  readonly key: Key;
  readonly node_id: string;
  /** Drawn anew by every start of the process. */
  readonly run_id: string;
  /** Of the last event that was taken: one that is not later is not taken again. */
  readonly last_id: number;
  /** Log index that set `last_id`. */
  readonly changed_index: number;
  readonly version: number;
}

/** A point of the chain: after the row with that key. Key 0: before the first row ever. */
export interface ChainPoint {
  readonly key: Key;
  /** SHA-256, base64url. */
  readonly chain: string;
}
