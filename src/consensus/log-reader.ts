import { assert } from '../base/assert.ts';
import { limits } from '../limits.ts';
import type { EntrySource } from './entry-offer.ts';
import { LogCorruptError } from './log-corrupt-error.ts';
import type { RepairObserver } from './log-repair.ts';
import type { Clock, LogStore } from './ports.ts';
import type { Entry, LogIndex, Term } from './raft/entry.ts';
import type { AppendRequest } from './raft/message.ts';

/** Where a running group gets entries that are damaged on its disk. */
export interface RepairPort {
  readonly source: EntrySource;
  readonly observer: RepairObserver;
}

export interface LogReaderOptions {
  readonly store: LogStore;
  readonly clock: Clock;
  /** Null: nothing can be repaired while it runs. */
  readonly repair: RepairPort | null;
  /**
   * The core's knowledge of the log, which no damage on the disk touches; null: not in the log, or a write
   * to that place is on its way.
   */
  readonly persistedTermAt: (index: LogIndex) => Term | null;
  /** An entry is damaged, and there is nobody to fetch it from. */
  readonly onLost: (error: LogCorruptError) => void;
}

/**
 * Reads entries that are no longer in memory. A read that meets a damaged entry fails, and that entry is
 * fetched from the others meanwhile: whoever read it tries again. One entry is repaired at a time.
 */
export class LogReader {
  readonly #options: LogReaderOptions;
  #is_repairing = false;
  #is_stopped = false;

  constructor(options: LogReaderOptions) {
    this.#options = options;
  }

  /** As {@link LogStore.read}. */
  async read(from: LogIndex, through: LogIndex, bytes_max: number): Promise<readonly Entry[]> {
    try {
      return await this.#options.store.read(from, through, bytes_max);
    } catch (error) {
      if (error instanceof LogCorruptError) this.#startRepair(error);
      throw error;
    }
  }

  /** The message with the entries it was to carry; null: one is damaged, and is being fetched. */
  async fill(message: AppendRequest, through: LogIndex): Promise<AppendRequest | null> {
    const from = message.previous.index + 1;
    try {
      return { ...message, entries: await this.read(from, through, limits.append_bytes_max) };
    } catch (error) {
      if (error instanceof LogCorruptError) return null;
      throw error;
    }
  }

  stop(): void {
    this.#is_stopped = true;
  }

  #startRepair(error: LogCorruptError): void {
    const { repair, onLost, persistedTermAt } = this.#options;
    if (this.#is_repairing || this.#is_stopped) return;
    const term = persistedTermAt(error.index);
    // What is read there is being deleted or replaced: whoever reads it again finds something else.
    if (term === null) return;
    if (repair === null || !repair.source.hasOthers()) {
      onLost(error);
      return;
    }
    this.#is_repairing = true;
    void this.#attempt(repair, error, term, 1);
  }

  async #attempt(
    repair: RepairPort,
    error: LogCorruptError,
    term: Term,
    attempt: number,
  ): Promise<void> {
    const { clock } = this.#options;
    const is_done = await this.#repairFrom(repair, error.index, term);
    if (is_done || this.#is_stopped) {
      this.#is_repairing = false;
      return;
    }
    repair.observer.waiting(error.index, error.what, attempt);
    const doubled_ms = limits.log_repair_pause_ms_min * 2 ** Math.min(attempt - 1, 10);
    clock.after(Math.min(doubled_ms, limits.log_repair_pause_ms_max), () => {
      void this.#attempt(repair, error, term, attempt + 1);
    });
  }

  /**
   * "If two entries in different logs have the same index and term, then they store the same command"
   * (paper, §5.3): the core still knows the term. It must be that of the row that was found damaged, so while
   * that row is being replaced, by an entry of another term above all, nothing is put there.
   */
  async #repairFrom(
    { source, observer }: RepairPort,
    index: LogIndex,
    term: Term,
  ): Promise<boolean> {
    const { store, persistedTermAt } = this.#options;
    const isAsItWas = (): boolean => !this.#is_stopped && persistedTermAt(index) === term;
    const offers = await source.ask({ index, before_index: 0, after_index: 0 });
    if (!isAsItWas()) return true;
    const entry = offers.find((offer) => offer.entry?.term === term)?.entry ?? null;
    if (entry === null) return false;
    assert(entry.index === index, 'an offer of another entry');
    try {
      if ((await store.inspect(index)) === null) return true;
      // In one turn: no write that replaces the entry is called before the repair.
      if (!isAsItWas()) return true;
      await store.repair([entry]);
    } catch {
      // It is not damaged any more; or the store is closed or has failed: whoever writes next hears of it.
      return true;
    }
    observer.repaired(index);
    return true;
  }
}
