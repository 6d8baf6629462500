import { assert } from '../base/assert.ts';
import { limits } from '../limits.ts';
import { DiskFullError } from './disk-full-error.ts';
import { LogCorruptError } from './log-corrupt-error.ts';
import type { Clock, LogStore, Outcome, StateMachine } from './ports.ts';
import type { Entry, LogIndex } from './raft/entry.ts';

export interface ApplierOptions {
  readonly state_machine: StateMachine;
  /** Entries that are no longer in memory. */
  readonly store: Pick<LogStore, 'read'>;
  readonly clock: Clock;
  /** Entries still in memory; null: read them from the store. */
  readonly recentEntries: (from: LogIndex, through: LogIndex) => readonly Entry[] | null;
  readonly onApplied: (
    entries: readonly Entry[],
    outcomes: readonly Outcome[],
    duration_ms: number,
  ) => void;
  /** Nothing can be applied for now, and why; null: it goes on. */
  readonly onStalled: (why: Error | null) => void;
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
  /** Read from the store, and not applied yet. */
  #read: Entry[] = [];
  #is_busy = false;
  #is_paused = false;
  #is_stalled = false;
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

  /** Applies nothing more, until {@link Applier.resumeAt}. */
  pause(): void {
    this.#is_paused = true;
  }

  /** Goes on after `index`: the state stands there, by whatever means. */
  resumeAt(index: LogIndex): void {
    assert(this.#is_paused && index >= this.#applied, 'the state went backwards');
    if (index > this.#applied) this.#read = [];
    this.#applied = index;
    this.#through = Math.max(this.#through, index);
    this.#is_paused = false;
    this.#run();
  }

  stop(): void {
    this.#is_stopped = true;
  }

  #run(): void {
    if (this.#is_busy || this.#is_paused || this.#is_stopped) return;
    this.#is_busy = true;
    const { clock } = this.#options;
    const slice_ends_ms = clock.now_ms() + limits.apply_slice_ms;
    while (this.#applied < this.#through && !this.#is_stopped) {
      if (clock.now_ms() > slice_ends_ms) {
        clock.soon(() => this.#resume());
        return;
      }
      const entries = this.#nextEntries();
      if (entries === null) {
        this.#readFromStore();
        return;
      }
      if (!this.#applyBatch(entries)) return;
    }
    this.#is_busy = false;
  }

  #resume(): void {
    this.#is_busy = false;
    this.#run();
  }

  /**
   * At most a transaction's worth, of which the state machine may leave some; null when they must be read
   * from the store.
   */
  #nextEntries(): readonly Entry[] | null {
    const from = this.#applied + 1;
    const ends_at = this.#options.state_machine.batch_ends_at ?? null;
    const count_max =
      ends_at === null || ends_at < from
        ? limits.apply_entries_max
        : Math.min(limits.apply_entries_max, ends_at - from + 1);
    const first_read = this.#read[0];
    if (first_read !== undefined) {
      assert(first_read.index === from, 'entries were read out of turn');
      return this.#read.slice(0, count_max);
    }
    const through = Math.min(this.#through, from + count_max - 1);
    return this.#options.recentEntries(from, through);
  }

  #readFromStore(): void {
    const { store, clock } = this.#options;
    const from = this.#applied + 1;
    store.read(from, this.#through, READ_BYTES_MAX).then(
      (entries) => {
        // A snapshot may have passed them by.
        if (from === this.#applied + 1) this.#read = [...entries];
        clock.soon(() => this.#resume());
      },
      (error: unknown) => this.#failed(error),
    );
  }

  /** False: nothing was applied. */
  #applyBatch(batch: readonly Entry[]): boolean {
    assert(batch.length > 0, 'nothing to apply');
    const { clock, state_machine, onApplied } = this.#options;
    const began_ms = clock.now_ms();
    let outcomes: readonly Outcome[];
    try {
      outcomes = state_machine.apply(batch);
    } catch (error) {
      // They were not applied, and are read again.
      this.#read = [];
      this.#failed(error);
      return false;
    }
    assert(outcomes.length > 0 && outcomes.length <= batch.length, 'an outcome for each entry');
    const applied = batch.slice(0, outcomes.length);
    this.#read.splice(0, applied.length);
    this.#applied += applied.length;
    assert(state_machine.applied_index === this.#applied, 'the state machine lost count');
    if (this.#is_stalled) this.#options.onStalled(null);
    this.#is_stalled = false;
    onApplied(applied, outcomes, clock.now_ms() - began_ms);
    return true;
  }

  /** No space, or an entry that is being fetched from the others: it is tried again. */
  #failed(error: unknown): void {
    if (!(error instanceof DiskFullError) && !(error instanceof LogCorruptError)) {
      this.#halt(error);
      return;
    }
    if (this.#is_stopped) return;
    if (!this.#is_stalled) this.#options.onStalled(error);
    this.#is_stalled = true;
    this.#options.clock.after(limits.apply_retry_ms, () => this.#resume());
  }

  #halt(error: unknown): void {
    if (this.#is_stopped) return;
    this.#is_stopped = true;
    this.#options.onHalted(error);
  }
}
