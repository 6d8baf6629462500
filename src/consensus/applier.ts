import { assert } from '../base/assert.ts';
import { limits } from '../limits.ts';
import type { Clock, LogStore, Outcome, StateMachine } from './ports.ts';
import type { Entry, LogIndex } from './raft/entry.ts';

export interface ApplierOptions {
  readonly state_machine: StateMachine;
  readonly store: LogStore;
  readonly clock: Clock;
  /** Entries still in memory; null: read them from the store. */
  readonly recentEntries: (from: LogIndex, through: LogIndex) => readonly Entry[] | null;
  readonly onApplied: (
    entries: readonly Entry[],
    outcomes: readonly Outcome[],
    duration_ms: number,
  ) => void;
  /** Nothing more is applied on this replica: its storage failed, or its program is too old. */
  readonly onHalted: (error: unknown) => void;
}

/** Bytes of entries read from the store at once when they are no longer in memory. */
const READ_BYTES_MAX = 1024 * 1024;

/**
 * Applies committed entries in order, many in a transaction, and gives the event loop back between
 * slices: a follower that catches up still answers heartbeats.
 */
export class Applier {
  readonly #options: ApplierOptions;
  #through: LogIndex;
  #applied: LogIndex;
  #is_busy = false;
  #is_stopped = false;

  constructor(options: ApplierOptions) {
    this.#options = options;
    this.#applied = options.state_machine.applied_index;
    this.#through = this.#applied;
  }

  /** Everything up to `index` may be applied. */
  applyThrough(index: LogIndex): void {
    assert(index >= this.#through, 'what may be applied never shrinks');
    this.#through = index;
    this.#run();
  }

  stop(): void {
    this.#is_stopped = true;
  }

  #run(): void {
    if (this.#is_busy || this.#is_stopped) return;
    this.#is_busy = true;
    const { clock, recentEntries, store } = this.#options;
    const slice_ends_ms = clock.now_ms() + limits.apply_slice_ms;
    while (this.#applied < this.#through && !this.#is_stopped) {
      if (clock.now_ms() > slice_ends_ms) {
        clock.soon(() => this.#resume());
        return;
      }
      const from = this.#applied + 1;
      const entries = recentEntries(from, this.#through);
      if (entries === null) {
        store
          .read(from, this.#through, READ_BYTES_MAX)
          .then((stored) => {
            this.#applyAll(stored);
            clock.soon(() => this.#resume());
          })
          .catch((error: unknown) => this.#halt(error));
        return;
      }
      this.#applyAll(entries);
    }
    this.#is_busy = false;
  }

  #resume(): void {
    this.#is_busy = false;
    this.#run();
  }

  #applyAll(entries: readonly Entry[]): void {
    assert(entries.length > 0, 'nothing to apply');
    for (let at = 0; at < entries.length && !this.#is_stopped; at += limits.apply_entries_max) {
      this.#applyBatch(entries.slice(at, at + limits.apply_entries_max));
    }
  }

  #applyBatch(batch: readonly Entry[]): void {
    const { clock, state_machine, onApplied } = this.#options;
    const began_ms = clock.now_ms();
    let outcomes: readonly Outcome[];
    try {
      outcomes = state_machine.apply(batch);
    } catch (error) {
      this.#halt(error);
      return;
    }
    assert(outcomes.length === batch.length, 'one outcome for each entry');
    this.#applied += batch.length;
    assert(state_machine.applied_index === this.#applied, 'the state machine lost count');
    onApplied(batch, outcomes, clock.now_ms() - began_ms);
  }

  #halt(error: unknown): void {
    if (this.#is_stopped) return;
    this.#is_stopped = true;
    this.#options.onHalted(error);
  }
}
