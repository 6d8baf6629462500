import { assert } from '../base/assert.ts';
import type { LogIndex } from '../consensus/raft/entry.ts';

interface Stop {
  readonly index: LogIndex;
  readonly callback: () => void;
}

/**
 * Indexes at which somebody wants to see the state before more is applied: a batch ends there, and the
 * callback runs between that commit and the next.
 */
export class StateStops {
  #stops: readonly Stop[] = [];

  /** Where a batch must end; null: nowhere. */
  get next_index(): LogIndex | null {
    return this.#stops[0]?.index ?? null;
  }

  /** The callback is called once, unless the returned function is called before. */
  add(index: LogIndex, callback: () => void): () => void {
    const stop: Stop = { index, callback };
    this.#stops = [...this.#stops, stop].sort((one, other) => one.index - other.index);
    return () => {
      this.#stops = this.#stops.filter((one) => one !== stop);
    };
  }

  /** Everything up to `index` is committed; a stop that was jumped over, by a snapshot, is forgotten. */
  reached(index: LogIndex): void {
    const next_index = this.next_index;
    if (next_index === null || next_index > index) return;
    const due = this.#stops.filter((stop) => stop.index === index);
    this.#stops = this.#stops.filter((stop) => stop.index > index);
    for (const stop of due) stop.callback();
    assert(this.next_index === null || this.next_index > index, 'a stop that was reached is left');
  }
}
