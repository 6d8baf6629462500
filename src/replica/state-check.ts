import { assert } from '../base/assert.ts';
import type { LogIndex } from '../consensus/raft/entry.ts';
import { pinAt } from './pin-at.ts';
import type { StopsOfState } from './pin-at.ts';

/** All rows of a table, in the order of its key, as one hash. */
export interface TableHash {
  readonly name: string;
  readonly rows: number;
  /** SHA-256, hexadecimal. */
  readonly hash: string;
}

/** One committed state, whatever is applied meanwhile; to be closed, once. */
export interface PinnedTables {
  /** Gives the event loop back between slices. */
  hash(): Promise<readonly TableHash[]>;
  close(): void;
}

export interface StateCheckerOptions extends StopsOfState {
  /** False when `timeout_ms` passed first. */
  readonly waitForApplied: (index: LogIndex, timeout_ms: number) => Promise<boolean>;
  readonly pinTables: () => PinnedTables;
}

export interface StateCheck {
  readonly index: LogIndex;
  /** How long to wait until so much is applied. */
  readonly wait_ms: number;
  /** Whether to hash the tables, which takes a read of all of them. */
  readonly with_tables: boolean;
}

export type StateCheckResult =
  | {
      readonly kind: 'checked';
      readonly digest: string;
      readonly tables: readonly TableHash[] | null;
    }
  /** Not applied within the time. */
  | { readonly kind: 'not_reached' }
  /** Applied so long ago, or with tables: before this call, that it cannot be seen any more. */
  | { readonly kind: 'passed' }
  /** Tables are being hashed for somebody else. */
  | { readonly kind: 'busy' };

/** Shows what this replica's state is at an index, so that it can be compared with the others'. */
export class StateChecker {
  readonly #options: StateCheckerOptions;
  #is_hashing = false;

  constructor(options: StateCheckerOptions) {
    this.#options = options;
  }

  async check({ index, wait_ms, with_tables }: StateCheck): Promise<StateCheckResult> {
    if (with_tables) return this.#checkTables(index, wait_ms);
    const { state, waitForApplied } = this.#options;
    if (!(await waitForApplied(index, wait_ms))) return { kind: 'not_reached' };
    const digest = state.digestAt(index);
    return digest === null ? { kind: 'passed' } : { kind: 'checked', digest, tables: null };
  }

  async #checkTables(index: LogIndex, wait_ms: number): Promise<StateCheckResult> {
    const { state } = this.#options;
    if (this.#is_hashing) return { kind: 'busy' };
    if (state.applied_index > index) return { kind: 'passed' };
    this.#is_hashing = true;
    try {
      const pinned = await pinAt(this.#options, index, wait_ms, () => this.#pin(index));
      if (pinned === null) return { kind: 'not_reached' };
      try {
        return { kind: 'checked', digest: pinned.digest, tables: await pinned.tables.hash() };
      } finally {
        pinned.tables.close();
      }
    } finally {
      this.#is_hashing = false;
    }
  }

  #pin(index: LogIndex): { readonly tables: PinnedTables; readonly digest: string } {
    const digest = this.#options.state.digestAt(index);
    assert(digest !== null, 'a state without a digest');
    return { tables: this.#options.pinTables(), digest };
  }
}
