import { assert } from '../../src/base/assert.ts';
import type { DamagedEntry, LogStore, StoredLog } from '../../src/consensus/ports.ts';
import type { Persist } from '../../src/consensus/raft/effect.ts';
import { entryBytes } from '../../src/consensus/raft/entry.ts';
import type { Entry, LogIndex, Position } from '../../src/consensus/raft/entry.ts';
import { LogCorruptError } from '../../src/consensus/log-corrupt-error.ts';
import { RepairRefusedError } from '../../src/consensus/repair-refused-error.ts';
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
  /** What happened to entries that are no longer as they were written. */
  damage: Map<LogIndex, Damage>;
}

/** `payload`: the row still says its term and checksum. `row`: it says nonsense. `lost`: it is gone. */
type Damage = 'payload' | 'row' | 'lost';

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
      tail: {
        hard_state: { term: 0, voted_for: null },
        commit_index: 0,
        last_index: 0,
        base: null,
      },
      entries: [],
      damage: new Map(),
    };
  }

  /** How often the disk synced. */
  get syncs(): number {
    return this.#syncs;
  }

  /** Where what a power cut now would leave ends; asked after every step. */
  get tail(): LogTail {
    return this.#platter.tail;
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

  /** The disk no longer gives the entry back. */
  damage(index: LogIndex, damage: Damage): void {
    assert(index >= 1 && index <= this.#platter.tail.last_index, 'no entry to damage');
    this.#platter.damage.set(index, damage);
  }

  get damaged(): readonly LogIndex[] {
    return [...this.#platter.damage.keys()].toSorted((one, other) => one - other);
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

  /** Whether nothing is done until it is resumed. */
  get is_stalled(): boolean {
    return this.#is_stalled;
  }

  /** Whether it takes nothing any more. */
  get has_failed(): boolean {
    return this.#failure !== null;
  }

  /** The entry at `index` on the disk; null: there is none. */
  entryAt(index: number): Entry | null {
    return this.#platter.entries.find((entry) => entry.index === index) ?? null;
  }

  /** The same disk after a restart of its machine: see {@link powerCut}. */
  reopen(torn_writes = 0): SimulatedLogStore {
    this.powerCut(torn_writes);
    const reopened = new SimulatedLogStore({ soon: this.#soon });
    const { tail, entries, damage } = this.#platter;
    reopened.#platter = { tail, entries: [...entries], damage: new Map(damage) };
    return reopened;
  }

  load(): Promise<StoredLog> {
    return this.#call(null, () => {
      const { tail, entries, damage } = this.#platter;
      const before_first = { index: tail.base?.index ?? 0, term: tail.base?.term ?? 0 };
      const intact = entries.filter(({ index }) => !damage.has(index));
      const outline = outlineLog(intact, before_first);
      assert(
        damage.size > 0 || outline.last_index === tail.last_index,
        'the platter holds its own tail',
      );
      const { hard_state, commit_index, last_index, base } = tail;
      const { damaged } = this;
      const nothing = { term_starts: [], configuration_entries: [] };
      const told = damaged.length === 0 ? outline : { ...outline, ...nothing };
      const base_configuration = base?.configuration ?? null;
      const stored = { hard_state, commit_index, last_index, before_first, base_configuration };
      return { ...told, ...stored, damaged };
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
      const cut = this.#platter.tail.base?.index ?? 0;
      if (from <= cut) return found;
      for (const entry of this.#platter.entries.slice(from - cut - 1, through - cut)) {
        if (this.#platter.damage.has(entry.index)) {
          if (found.length > 0) break;
          throw new LogCorruptError(entry.index, 'damaged by the test');
        }
        bytes += entryBytes(entry);
        if (found.length > 0 && bytes > bytes_max) break;
        found.push(entry);
      }
      return found;
    });
  }

  inspect(index: LogIndex): Promise<DamagedEntry | null> {
    return this.#call(null, () => {
      const { entries, damage, tail } = this.#platter;
      const before_first = { index: tail.base?.index ?? 0, term: tail.base?.term ?? 0 };
      const kind = damage.get(index);
      const entry = entries.find((one) => one.index === index);
      if (kind === undefined || entry === undefined) return null;
      const intact = entries.filter((one) => !damage.has(one.index)).map(positionOf);
      const { term, checksum } = entry;
      return {
        index,
        what: `damaged by the test: ${kind}`,
        claims:
          kind === 'lost'
            ? null
            : { term: kind === 'row' ? 0 : term, checksum: kind === 'row' ? 0 : checksum },
        before: intact.findLast((one) => one.index < index) ?? before_first,
        after: intact.find((one) => one.index > index) ?? null,
      };
    });
  }

  repair(entries: readonly Entry[]): Promise<void> {
    return this.#call(null, () => {
      const { tail, damage } = this.#platter;
      for (const entry of entries) {
        if (!damage.has(entry.index)) {
          throw new RepairRefusedError(`entry ${entry.index} is not damaged`);
        }
        assert(entry.term <= tail.hard_state.term, 'an entry of a term not yet durable');
        this.#platter.entries[entry.index - 1 - (tail.base?.index ?? 0)] = entry;
        damage.delete(entry.index);
      }
      this.#syncs += 1;
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
      const run = (): void => {
        try {
          resolve(answer());
        } catch (error) {
          // Of a read, or of a repair that has no place, and no concern of any other call.
          if (!(error instanceof LogCorruptError || error instanceof RepairRefusedError))
            throw error;
          reject(error);
        }
      };
      this.#calls.push({ writes, run, reject });
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
      const { delete_from, delete_through, entries } = merged;
      const kept = this.#platter.entries.filter(
        ({ index }) => index < (delete_from ?? Infinity) && index > (delete_through ?? 0),
      );
      this.#platter.entries = [...kept, ...entries];
      this.#platter.tail = merged.tail;
      const left = new Set(kept.map(({ index }) => index));
      for (const index of this.damaged) if (!left.has(index)) this.#platter.damage.delete(index);
      this.#syncs += 1;
    }
  }
}

function positionOf({ index, term }: Entry): Position {
  return { index, term };
}
