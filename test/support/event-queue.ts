import { must } from '../../src/base/assert.ts';

interface ScheduledEvent {
  readonly at_ms: number;
  readonly order: number;
  readonly run: () => void;
}

/** Virtual time: what is scheduled runs in the order of time, then of scheduling. A binary heap. */
export class EventQueue {
  readonly #heap: ScheduledEvent[] = [];
  #scheduled = 0;
  #now_ms = 0;

  get now_ms(): number {
    return this.#now_ms;
  }

  after(delay_ms: number, run: () => void): void {
    this.#scheduled += 1;
    const event = { at_ms: this.#now_ms + delay_ms, order: this.#scheduled, run };
    const heap = this.#heap;
    heap.push(event);
    let at = heap.length - 1;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (!isBefore(event, must(heap[parent], 'parent'))) break;
      heap[at] = must(heap[parent], 'parent');
      at = parent;
    }
    heap[at] = event;
  }

  /** False when nothing is left. */
  runNext(): boolean {
    const heap = this.#heap;
    const next = heap[0];
    const last = heap.pop();
    if (next === undefined || last === undefined) return false;
    if (heap.length > 0) this.#sink(last);
    this.#now_ms = next.at_ms;
    next.run();
    return true;
  }

  #sink(event: ScheduledEvent): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right !== undefined && isBefore(right, must(heap[child], 'child'))) child += 1;
      if (!isBefore(must(heap[child], 'child'), event)) break;
      heap[at] = must(heap[child], 'child');
      at = child;
    }
    heap[at] = event;
  }
}

function isBefore(one: ScheduledEvent, other: ScheduledEvent): boolean {
  return one.at_ms === other.at_ms ? one.order < other.order : one.at_ms < other.at_ms;
}
