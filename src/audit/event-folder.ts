import { assert } from '../base/assert.ts';
import type { AuditComponent } from '../agenda/audit.ts';
import { node_actions } from '../agenda/node-event.ts';
import type { NewAuditEvent, NodeAction, NodeEvent } from '../agenda/node-event.ts';
import { limits } from '../limits.ts';

export interface EventFolderOptions {
  /** Names events that happened in no request. */
  readonly run_id: string;
}

/** Equal events that are not handed on yet. */
interface Held {
  readonly event: NodeEvent;
  readonly at: number;
  readonly request_id: string;
  readonly window: Window;
  /** Of events that happened in requests, the first few. */
  readonly request_ids: string[];
  count: number;
}

/** How long equal events are gathered, and how often that was done in a row. */
interface Window {
  readonly due_ms: number;
  readonly length_ms: number;
  readonly repeats: number;
}

/** So often in a row equal events are handed on at every look; then the pauses double. */
const REPEATS_UNFOLDED = 8;

/**
 * Events that wait for the next look, equal ones as one with a count. The first of its kind is handed on at
 * once; of what goes on and on, an attack for one, there is a row a minute in the end.
 */
export class EventFolder {
  readonly #run_id: string;
  readonly #held = new Map<string, Held>();
  /** When equal events were handed on last, oldest first. */
  readonly #recent = new Map<string, Window>();
  #recorded = 0;

  constructor({ run_id }: EventFolderOptions) {
    this.#run_id = run_id;
  }

  /**
   * `at`: when it happened, by the wall clock; `now_ms`: monotonic. `lost`: too many different ones wait.
   */
  add(event: NodeEvent, at: number, now_ms: number): 'held' | 'folded' | 'lost' {
    const key = JSON.stringify([event.action, event.actor_key, event.facts]);
    const equal = this.#held.get(key);
    if (equal !== undefined) {
      equal.count += 1;
      const { request_ids } = equal;
      const is_known = event.request_id === null || request_ids.includes(event.request_id);
      if (!is_known && request_ids.length < limits.audit_folded_request_ids_max) {
        request_ids.push(event.request_id);
      }
      return 'folded';
    }
    if (this.#held.size >= limits.audit_events_in_memory_max) return 'lost';
    this.#recorded += 1;
    const { request_id } = event;
    this.#held.set(key, {
      event,
      at,
      request_id: request_id ?? `${this.#run_id}.${this.#recorded}`,
      window: windowAfter(this.#recent.get(key), now_ms),
      request_ids: request_id === null ? [] : [request_id],
      count: 1,
    });
    return 'held';
  }

  /** What is due, oldest first, as much as goes to node.db at once; `all`: whatever is held. */
  take(now_ms: number, all = false): readonly NewAuditEvent[] {
    const taken: NewAuditEvent[] = [];
    for (const [key, held] of this.#held) {
      if (!all && taken.length >= limits.audit_flush_events_max) break;
      if (!all && held.window.due_ms > now_ms) continue;
      this.#held.delete(key);
      this.#remember(key, { ...held.window, due_ms: now_ms });
      taken.push(newEvent(held));
    }
    assert(!all || this.#held.size === 0, 'an event is held back');
    return taken;
  }

  #remember(key: string, window: Window): void {
    this.#recent.delete(key);
    if (this.#recent.size >= limits.audit_fold_keys_max) {
      const oldest = this.#recent.keys().next();
      if (oldest.done !== true) this.#recent.delete(oldest.value);
    }
    this.#recent.set(key, window);
  }
}

/** `last`: when equal ones were handed on last, which they were then due. */
function windowAfter(last: Window | undefined, now_ms: number): Window {
  const pause_ms = limits.audit_interval_ms;
  if (last === undefined || now_ms - last.due_ms > 2 * last.length_ms) {
    return { due_ms: now_ms, length_ms: pause_ms, repeats: 1 };
  }
  const repeats = last.repeats + 1;
  const grown_ms = repeats > REPEATS_UNFOLDED ? last.length_ms * 2 : pause_ms;
  const length_ms = Math.min(grown_ms, limits.audit_fold_ms_max);
  const due_ms = length_ms === pause_ms ? now_ms : last.due_ms + length_ms;
  return { due_ms, length_ms, repeats };
}

function newEvent({ event, at, request_id, request_ids, count }: Held): NewAuditEvent {
  const { action, actor_key, facts } = event;
  const all = request_ids.length > 1 ? { ...facts, request_ids } : facts;
  return { at, ...describe(action), actor_key, request_id, payload: payloadOf(all), count };
}

function describe(action: NodeAction): Pick<NewAuditEvent, 'action' | 'component' | 'level'> {
  const { component, level }: { component: AuditComponent; level: NewAuditEvent['level'] } =
    node_actions[action];
  return { action, component, level };
}

/** Facts are small; should they ever be large, the event is worth more than they are. */
export function payloadOf(facts: object): string {
  const text = JSON.stringify(facts);
  return Buffer.byteLength(text) <= limits.node_event_bytes_max ? text : '{"too_large":true}';
}
