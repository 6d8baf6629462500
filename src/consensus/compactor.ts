import { assert } from '../base/assert.ts';
import { limits } from '../limits.ts';
import type { Clock } from './ports.ts';
import type { LogIndex } from './raft/entry.ts';
import type { Progress } from './raft/progress.ts';
import type { RaftState } from './raft/state.ts';

export interface CompactorOptions {
  readonly clock: Clock;
  readonly state: Readonly<RaftState>;
  /** What a power cut can no longer take from the state. */
  readonly durableIndex: () => LogIndex;
  /** `SNAPSHOT_ENTRIES`: entries kept behind the durable index. */
  readonly kept_entries: number;
  readonly cut: (index: LogIndex) => void;
  /** Calls back once every write issued so far is on disk. */
  readonly afterPersisted: (callback: () => void) => void;
}

const LOOK_INTERVAL_MS = 100;
/** Between two slices of a long cut the disk belongs to the writes of clients. */
const SLICE_PAUSE_MS = 10;
/** Cuts are made in steps of this share of what is kept: not an entry at a time. */
const STEPS_PER_KEPT = 10;

/**
 * Decides where the log is cut: some way behind what a checkpoint has made durable, and further behind
 * while a peer that answers still needs the entries, as long as they are not too many.
 */
export class Compactor {
  readonly #options: CompactorOptions;
  #stop_looking: (() => void) | null = null;
  #is_cutting = false;

  constructor(options: CompactorOptions) {
    assert(options.kept_entries >= 1, 'a log that keeps nothing');
    this.#options = options;
  }

  start(): void {
    assert(this.#stop_looking === null, 'a compactor starts once');
    this.#stop_looking = this.#options.clock.every(LOOK_INTERVAL_MS, () => this.#look());
  }

  stop(): void {
    this.#stop_looking?.();
  }

  #look(): void {
    const { state, kept_entries } = this.#options;
    if (this.#is_cutting || state.is_state_missing) return;
    const step = Math.max(1, Math.floor(kept_entries / STEPS_PER_KEPT));
    const target = this.#target();
    if (target - state.log.before_first.index >= step) this.#cutThrough(target);
  }

  /** The index the log may be cut at now; may lie before where it is cut already. */
  #target(): LogIndex {
    const { state, durableIndex, kept_entries } = this.#options;
    // While a snapshot is being put in place its state is durable before the core hears of it.
    const durable_index = Math.min(durableIndex(), state.applied_index);
    const wanted = durable_index - kept_entries;
    const held = durable_index - kept_entries * limits.log_kept_for_peers_factor;
    return Math.max(held, Math.min(wanted, this.#neededByPeers()));
  }

  /** Entries after this one are needed by a peer that answers. */
  #neededByPeers(): LogIndex {
    const { state } = this.#options;
    let needed = Number.MAX_SAFE_INTEGER;
    for (const progress of state.leading?.progress.values() ?? []) {
      const { last_contact_tick } = progress;
      const silent_ticks = state.tick - (last_contact_tick ?? Number.NEGATIVE_INFINITY);
      if (silent_ticks > state.options.election_ticks) continue;
      needed = Math.min(needed, neededBy(progress));
    }
    return needed;
  }

  #cutThrough(target: LogIndex): void {
    const { state, clock, cut, afterPersisted } = this.#options;
    const from = state.log.before_first.index;
    if (from >= target || this.#stop_looking === null) {
      this.#is_cutting = false;
      return;
    }
    this.#is_cutting = true;
    cut(Math.min(target, from + limits.log_cut_slice_entries));
    afterPersisted(() => {
      clock.after(SLICE_PAUSE_MS, () => this.#cutThrough(target));
    });
  }
}

/** What follows a snapshot that is on its way must still be there when it has arrived. */
function neededBy(progress: Progress): LogIndex {
  return progress.is_snapshot_in_flight ? 0 : progress.match_index;
}
