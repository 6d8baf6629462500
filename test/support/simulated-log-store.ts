import { assert } from '../../src/base/assert.ts';
import type { LogStore, StoredLog } from '../../src/consensus/ports.ts';
import type { Persist } from '../../src/consensus/raft/effect.ts';
import { entryBytes } from '../../src/consensus/raft/entry.ts';
import type { Entry } from '../../src/consensus/raft/entry.ts';
import { outlineLog } from '../../src/storage/log-rows.ts';
import { mergeWrites } from '../../src/storage/merge-writes.ts';
import type { LogTail } from '../../src/storage/merge-writes.ts';

export interface SimulatedLogStoreOptions {
  /** When the disk gets to its work; by default after the current task. */
  readonly soon?: (callback: () => void) => void;
}

/** What survives a power cut. */
interface Platter {
  tail: LogTail;
  entries: Entry[];
}

/** One call: `run` reads the platter once the writes before it are on it. */
interface Call {
  readonly writes: readonly Persist[] | null;
  readonly run: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * A log in memory with a disk that a test controls. Like the real one it works through the calls in
 * order, and what gathers while it is busy shares one sync.
 */
export class SimulatedLogStore implements LogStore {
  readonly #soon: (callback: () => void) => void;
  #platter: Platter;
  #calls: Call[] = [];
  #is_scheduled = false;
  #is_stalled = false;
  #is_dead = false;
  #failure: Error | null = null;
  #syncs = 0;

  constructor(options: SimulatedLogStoreOptions = {}) {
    this.#soon = options.soon ?? queueMicrotask;
    this.#platter = {
      tail: { hard_state: { term: 0, voted_for: null }, commit_index: 0, last_index: 0 },
      entries: [],
    };
  }

  /** How often the disk synced. */
  get syncs(): number {
    return this.#syncs;
  }

  /** What a power cut now would leave. */
  get durable(): LogTail & { readonly entries: readonly Entry[] } {
    return { ...this.#platter.tail, entries: this.#platter.entries };
  }

  /** From now on nothing is done, nor anything that waits already. */
  stall(): void {
    this.#is_stalled = true;
  }

  resume(): void {
    this.#is_stalled = false;
    this.#schedule();
  }

  /** The disk breaks: what waits and what follows is rejected. */
  fail(message = 'simulated disk failure'): void {
    this.#failure = new Error(message);
    const calls = this.#calls;
    this.#calls = [];
    for (const call of calls) call.reject(this.#failure);
  }

  /**
   * What is not on the disk is gone, but for what it had got to of the writes that wait: the first
   * `torn_writes` of them. Nothing of this store ever resolves again.
   */
  powerCut(torn_writes = 0): void {
    this.#is_dead = true;
    const torn = this.#calls.filter((call) => call.writes !== null).slice(0, torn_writes);
    this.#calls = [];
    this.#write(torn.flatMap((call) => call.writes ?? []));
  }

  /** The entry at `index` on the disk; null: there is none. */
  entryAt(index: number): Entry | null {
    return this.#platter.entries[index - 1] ?? null;
  }

  /** The same disk after a restart of its machine: see {@link powerCut}. */
  reopen(torn_writes = 0): SimulatedLogStore {
    this.powerCut(torn_writes);
    const reopened = new SimulatedLogStore({ soon: this.#soon });
    reopened.#platter = { tail: this.#platter.tail, entries: [...this.#platter.entries] };
    return reopened;
  }

  load(): Promise<StoredLog> {
    return this.#call(null, () => {
      const { tail, entries } = this.#platter;
      const outline = outlineLog(entries);
      assert(outline.last_index === tail.last_index, 'the platter holds its own tail');
      return { ...tail, ...outline, before_first: { index: 0, term: 0 } };
    });
  }

  write(writes: readonly Persist[]): Promise<void> {
    return this.#call(writes, () => undefined);
  }

  read(from: number, through: number, bytes_max: number): Promise<readonly Entry[]> {
    assert(from >= 1 && through >= from - 1, `no range of entries: ${from} to ${through}`);
    return this.#call(null, () => {
      const found: Entry[] = [];
      let bytes = 0;
      for (const entry of this.#platter.entries.slice(from - 1, through)) {
        bytes += entryBytes(entry);
        if (found.length > 0 && bytes > bytes_max) break;
        found.push(entry);
      }
      return found;
    });
  }

  async close(): Promise<void> {
    if (this.#failure !== null) return;
    const closed = this.#call(null, () => undefined);
    this.#failure = new Error('the log is closed');
    await closed;
  }

  #call<T>(writes: readonly Persist[] | null, answer: () => T): Promise<T> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    return new Promise<T>((resolve, reject) => {
      if (this.#is_dead) return;
      this.#calls.push({ writes, run: () => resolve(answer()), reject });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#is_scheduled || this.#is_stalled || this.#calls.length === 0) return;
    this.#is_scheduled = true;
    this.#soon(() => {
      this.#is_scheduled = false;
      if (!this.#is_stalled && !this.#is_dead) this.#work();
    });
  }

  /** Neighbouring writes are one transaction, as in `log-worker.ts`. */
  #work(): void {
    const calls = this.#calls;
    this.#calls = [];
    let batch: Call[] = [];
    try {
      for (const call of calls) {
        if (call.writes !== null) {
          batch.push(call);
          continue;
        }
        this.#commit(batch);
        batch = [];
        call.run();
      }
      this.#commit(batch);
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error));
      for (const call of calls) call.reject(this.#failure);
    }
  }

  #commit(batch: readonly Call[]): void {
    this.#write(batch.flatMap((call) => call.writes ?? []));
    for (const call of batch) call.run();
  }

  #write(writes: readonly Persist[]): void {
    const merged = mergeWrites(this.#platter.tail, writes);
    if (merged.durable) {
      const kept = (merged.delete_from ?? Infinity) - 1;
      this.#platter.entries = [...this.#platter.entries.slice(0, kept), ...merged.entries];
      this.#platter.tail = merged.tail;
      this.#syncs += 1;
    }
  }
}
