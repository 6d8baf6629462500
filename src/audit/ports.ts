import type { AppendAudit } from '../agenda/command.ts';
import type { AuditAppending, AuditEvent } from '../agenda/node-event.ts';

/** An event that waits for the log. */
interface WaitingEvent extends AuditEvent {
  /** Of the run of the process that put it there. */
  readonly run_id: string;
}

export interface WaitingEvents {
  readonly events: readonly WaitingEvent[];
  /** Where to go on; null: there are no more. */
  readonly next_before_id: number | null;
}

/**
 * The durable queue, in node.db: a port. Ids ascend over all runs. Beyond its bound events are counted and
 * not kept, until some room is there again.
 */
export interface AuditQueue {
  /** Events that wait. */
  readonly depth: number;
  /** Some were lost, and no event says so yet. */
  readonly has_lost: boolean;
  /** Returns how many events found no room. */
  append(appending: AuditAppending): number;
  /** The run of the oldest event; null: none waits. */
  oldestRun(): string | null;
  /** The oldest ones, of one run and within the bounds of a batch; null: none. */
  firstBatch(): Pick<AppendAudit, 'run_id' | 'events'> | null;
  /** They are in the log. Returns how many went. */
  deleteThrough(run_id: string, id: number): number;
  /** Newest first, before that id; null: from the newest on. */
  newest(before_id: number | null, limit: number): readonly WaitingEvent[];
}

/** What came of a batch that was handed to the leader. */
export type Delivery =
  /** In the log, and applied here. */
  | 'appended'
  /** The leader does not take it, and never will. */
  | 'refused'
  /** Nobody leads, it did not arrive, or the outcome is not known: to be sent again. */
  | 'failed';

/** Told what operators want to see. Must not throw. */
export interface AuditObserver {
  queued(depth: number): void;
  appended(events: number): void;
  /** Events that became part of an equal one. */
  folded(events: number): void;
  lost(events: number): void;
}
