import type { LostEvents, NewAuditEvent, NodeEvent, NodeEventSink } from '../agenda/node-event.ts';
import { node_actions } from '../agenda/node-event.ts';
import { assert } from '../base/assert.ts';
import type { Clock } from '../consensus/ports.ts';
import { limits } from '../limits.ts';
import type { Batch } from './batch.ts';
import { EventFolder, payloadOf } from './event-folder.ts';
import type { AuditObserver, AuditQueue, Delivery, WaitingEvents } from './ports.ts';

export interface AuditWorkerOptions {
  readonly queue: AuditQueue;
  /** Moves events that were noted in node.db while the audit did not run; none: `take` is not called. */
  readonly takeOver: (take: (events: readonly NewAuditEvent[]) => void) => void;
  readonly clock: Clock;
  /** Wall clock, milliseconds since 1970: when something happened. */
  readonly now_ms: () => number;
  /** Drawn anew by every start of the process. */
  readonly run_id: string;
  /** The last event of a run of this replica that the state here has; 0: none. */
  readonly appliedThrough: (run_id: string) => number;
  /** Hands a batch to whoever leads. Never rejects. */
  readonly deliver: (batch: Batch) => Promise<Delivery>;
  readonly observer: AuditObserver;
  /** The queue could not be written or read; what was to be kept is counted as lost. */
  readonly onFailed: (error: unknown) => void;
}

/**
 * Brings what happens at this replica into the log. Recording is a step in memory; once a second what is
 * new goes to node.db, and the oldest of it to the leader, until the state here shows that it has it: so
 * nothing is lost while nobody leads, and nothing comes twice, whatever became of an answer.
 */
export class AuditWorker implements NodeEventSink {
  readonly #options: AuditWorkerOptions;
  readonly #folder: EventFolder;
  #lost: LostEvents[] = [];
  #cancel: (() => void) | null = null;
  /** Null: nothing is on its way. */
  #delivery: Promise<void> | null = null;
  /** Not before: the last attempts failed. */
  #next_try_ms = 0;
  #pause_ms = 0;
  #is_stopped = false;

  constructor(options: AuditWorkerOptions) {
    this.#options = options;
    this.#folder = new EventFolder({ run_id: options.run_id });
  }

  record(event: NodeEvent): void {
    const { clock, now_ms, observer } = this.#options;
    const at = now_ms();
    const became = this.#folder.add(event, at, clock.now_ms());
    if (became === 'folded') observer.folded(1);
    if (became !== 'lost') return;
    const { action } = event;
    this.#lose([{ component: node_actions[action].component, action, at, count: 1 }]);
  }

  start(): void {
    assert(this.#cancel === null, 'the audit worker starts once');
    this.#cancel = this.#options.clock.every(limits.audit_interval_ms, () => this.#look());
  }

  /** What was recorded is in node.db; if it can be, the last of it in the log as well. */
  async stop(): Promise<void> {
    this.#cancel?.();
    this.keep();
    const { clock } = this.#options;
    let cancelTime = (): void => undefined;
    const time_is_up = new Promise<void>((resolve) => {
      cancelTime = clock.after(limits.audit_last_call_ms, resolve);
    });
    await Promise.race([time_is_up, this.#lastCall()]);
    cancelTime();
    this.#forget();
    this.#is_stopped = true;
  }

  /** What was recorded goes to node.db now. */
  keep(): void {
    this.#flush(true);
  }

  /** What is not in the log yet, as far as it is known here; newest first, before that id. */
  waiting(before_id: number | null, limit: number): WaitingEvents {
    if (before_id === null) this.keep();
    const { queue, appliedThrough } = this.#options;
    return this.#guarded({ events: [], next_before_id: null }, () => {
      const found = queue.newest(before_id, limit);
      const applied = new Map<string, number>();
      const events = found.filter(({ run_id, id }) => {
        const through = applied.get(run_id) ?? appliedThrough(run_id);
        applied.set(run_id, through);
        return id > through;
      });
      const is_all = found.length < limit;
      return { events, next_before_id: is_all ? null : (found.at(-1)?.id ?? null) };
    });
  }

  async #lastCall(): Promise<void> {
    await this.#delivery;
    this.#send();
    await this.#delivery;
  }

  #look(): void {
    this.#flush(false);
    this.#forget();
    if (this.#options.clock.now_ms() >= this.#next_try_ms) this.#send();
    this.#options.observer.queued(this.#options.queue.depth);
  }

  /** From memory to node.db. */
  #flush(all: boolean): void {
    const { queue, takeOver, clock, run_id, observer } = this.#options;
    const events = this.#folder.take(clock.now_ms(), all);
    const lost = this.#lost;
    this.#lost = [];
    const gapOf = (gone: readonly LostEvents[]): NewAuditEvent => this.#gapOf(gone);
    const append = (more: readonly NewAuditEvent[], gone: readonly LostEvents[]): void => {
      observer.lost(queue.append({ run_id, events: more, lost: gone, gapOf }));
    };
    const is_kept = this.#guarded(false, () => {
      takeOver((noted) => append(noted, []));
      if (events.length > 0 || lost.length > 0 || queue.has_lost) append(events, lost);
      return true;
    });
    if (is_kept) return;
    this.#lost = lost;
    this.#lose(events);
  }

  /** What is in the state need not wait any more. */
  #forget(): void {
    const { queue, appliedThrough, observer } = this.#options;
    this.#guarded(undefined, () => {
      for (let run_id = queue.oldestRun(); run_id !== null; run_id = queue.oldestRun()) {
        const gone = queue.deleteThrough(run_id, appliedThrough(run_id));
        if (gone === 0) return;
        observer.appended(gone);
      }
    });
  }

  #send(): void {
    if (this.#delivery !== null) return;
    const batch = this.#guarded(null, () => this.#options.queue.firstBatch());
    if (batch === null) return;
    this.#delivery = this.#options.deliver(batch).then((delivery) => {
      this.#delivery = null;
      this.#delivered(batch, delivery);
    });
  }

  #delivered({ run_id, events }: Batch, delivery: Delivery): void {
    const { queue, clock } = this.#options;
    if (this.#is_stopped) return;
    if (delivery === 'failed') {
      const longer_ms = Math.max(this.#pause_ms * 2, limits.audit_interval_ms);
      this.#pause_ms = Math.min(longer_ms, limits.audit_retry_ms_max);
      this.#next_try_ms = clock.now_ms() + this.#pause_ms;
      return;
    }
    this.#pause_ms = 0;
    this.#next_try_ms = 0;
    if (delivery === 'appended') return;
    // It would stand in the way of all that come after it.
    const last = events.at(-1);
    assert(last !== undefined, 'a batch without events');
    this.#guarded(undefined, () => void queue.deleteThrough(run_id, last.id));
    this.#lose(events);
  }

  #lose(events: readonly Pick<NewAuditEvent, 'component' | 'action' | 'at' | 'count'>[]): void {
    for (const { component, action, at, count } of events) {
      this.#options.observer.lost(count);
      const known = this.#lost.findIndex((one) => one.action === action);
      const before = this.#lost[known];
      if (before === undefined) {
        this.#lost.push({ component, action, count, since: at, until: at });
      } else {
        const until = Math.max(before.until, at);
        this.#lost[known] = { ...before, count: before.count + count, until };
      }
    }
  }

  /** Says what was lost: how many of what, and from when to when. */
  #gapOf(lost: readonly LostEvents[]): NewAuditEvent {
    const action = 'audit.gap';
    const at = this.#options.now_ms();
    const payload = payloadOf({
      ...Object.fromEntries(lost.map((one) => [one.action, one.count])),
      since: new Date(Math.min(...lost.map(({ since }) => since))).toISOString(),
      until: new Date(Math.max(...lost.map(({ until }) => until))).toISOString(),
    });
    return {
      at,
      action,
      ...node_actions[action],
      actor_key: null,
      request_id: `${this.#options.run_id}.gap.${at}`,
      payload,
      count: lost.reduce((sum, { count }) => sum + count, 0),
    };
  }

  /** node.db is of this replica alone: what it cannot take, on a full disk for one, stops nothing. */
  #guarded<T>(otherwise: T, use: () => T): T {
    try {
      return use();
    } catch (error) {
      this.#options.onFailed(error);
      return otherwise;
    }
  }
}
