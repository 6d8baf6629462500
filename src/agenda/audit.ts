import type { Instant, Key } from './model.ts';

/** The module that a row of the audit is about. */
export type AuditComponent =
  | 'users'
  | 'calendars'
  | 'appointments'
  | 'groups'
  | 'notifications'
  | 'posts'
  | 'work'
  | 'commands';

/**
 * Who changed what, when, through which replica: one row a command, written with the change itself. Ids
 * only, never content: what a person typed can be erased without touching the trail.
 */
export interface AuditRow {
  readonly key: Key;
  readonly component: AuditComponent;
  /** The kind of the command, or `command.failed`: a defect of the program stopped it. */
  readonly action: string;
  /** Null: nobody was logged in. */
  readonly actor_key: Key | null;
  /** What was made or changed, in `component`'s terms. */
  readonly object_key: Key | null;
  readonly request_id: string;
  /** The replica that took the request; empty when that could not be read. */
  readonly origin_node: string;
  /** State time. */
  readonly occurred_at: Instant;
}
