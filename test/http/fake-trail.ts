import type { NodeEvent } from '../../src/agenda/node-event.ts';
import type { AuditTrail, WaitingEvent } from '../../src/http/dependencies.ts';

/** What an API told the audit, in order; what waits there is what a test puts there. */
export class FakeTrail implements AuditTrail {
  readonly told: NodeEvent[] = [];
  /** Oldest first. */
  readonly queue: WaitingEvent[] = [];

  record(event: NodeEvent): void {
    this.told.push(event);
  }

  waiting(before_id: number | null, limit: number): ReturnType<AuditTrail['waiting']> {
    const events = this.queue
      .filter(({ id }) => before_id === null || id < before_id)
      .sort((one, other) => other.id - one.id)
      .slice(0, limit);
    return { events, next_before_id: events.length < limit ? null : (events.at(-1)?.id ?? null) };
  }
}
