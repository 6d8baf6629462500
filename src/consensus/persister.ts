import { assert } from '../base/assert.ts';
import type { Clock, LogStore } from './ports.ts';
import type { Persist } from './raft/effect.ts';

export interface PersisterOptions {
  readonly store: LogStore;
  readonly clock: Clock;
  /** All writes up to this id are on disk. */
  readonly onPersisted: (write_id: number, entries: number, duration_ms: number) => void;
  /** The store failed; nothing it was given since is promised. */
  readonly onFailed: (error: unknown) => void;
}

interface Batch {
  readonly writes: Persist[];
  readonly after: (() => void)[];
}

/**
 * Group commit: while the disk is busy, writes gather in the next batch; one batch is one fsync. What
 * depends on a write is said only after the batch that holds it is on disk.
 */
export class Persister {
  readonly #options: PersisterOptions;
  #gathering: Batch = { writes: [], after: [] };
  #in_flight: Batch | null = null;
  #is_scheduled = false;
  #is_stopped = false;

  constructor(options: PersisterOptions) {
    this.#options = options;
  }

  add(write: Persist): void {
    this.#gathering.writes.push(write);
    this.#schedule();
  }

  /** Calls back once every write added so far is on disk: at once when they are. */
  afterPersisted(callback: () => void): void {
    if (this.#gathering.writes.length > 0) this.#gathering.after.push(callback);
    else if (this.#in_flight !== null) this.#in_flight.after.push(callback);
    else callback();
  }

  /** Whatever is not on disk yet is never said. */
  stop(): void {
    this.#is_stopped = true;
  }

  #schedule(): void {
    if (this.#is_scheduled || this.#in_flight !== null) return;
    this.#is_scheduled = true;
    this.#options.clock.soon(() => {
      this.#is_scheduled = false;
      if (!this.#is_stopped) this.#flush();
    });
  }

  #flush(): void {
    assert(this.#in_flight === null, 'one batch at a time');
    const batch = this.#gathering;
    if (batch.writes.length === 0) return;
    this.#gathering = { writes: [], after: [] };
    this.#in_flight = batch;
    const { store, clock, onFailed } = this.#options;
    const began_ms = clock.now_ms();
    store.write(batch.writes).then(
      () => this.#complete(batch, clock.now_ms() - began_ms),
      (error: unknown) => {
        if (this.#is_stopped) return;
        this.#is_stopped = true;
        onFailed(error);
      },
    );
  }

  #complete(batch: Batch, duration_ms: number): void {
    if (this.#is_stopped) return;
    assert(this.#in_flight === batch, 'batches complete in order');
    this.#in_flight = null;
    for (const callback of batch.after) callback();
    const last = batch.writes.at(-1);
    assert(last !== undefined, 'an empty batch was written');
    let entries = 0;
    for (const write of batch.writes) entries += write.entries.length;
    this.#options.onPersisted(last.write_id, entries, duration_ms);
    if (this.#gathering.writes.length > 0) this.#schedule();
  }
}
