import { assert } from '../base/assert.ts';
import type { LogIndex } from '../consensus/raft/entry.ts';

/** The digests of the latest indexes, to be compared with those of other replicas. */
export class DigestRing {
  readonly #digests: string[] = [];
  readonly #kept_max: number;
  #last_index: LogIndex;
  #kept = 0;

  constructor(index: LogIndex, digest: string, kept_max: number) {
    assert(kept_max >= 1, 'a ring without room');
    this.#kept_max = kept_max;
    this.#last_index = index - 1;
    this.push(index, digest);
  }

  push(index: LogIndex, digest: string): void {
    assert(index === this.#last_index + 1, 'digests come in the order of the log');
    this.#digests[index % this.#kept_max] = digest;
    this.#last_index = index;
    this.#kept = Math.min(this.#kept + 1, this.#kept_max);
  }

  /** Null for an index not applied yet, or too long ago, or before this process began. */
  at(index: LogIndex): string | null {
    if (index > this.#last_index || index <= this.#last_index - this.#kept) return null;
    return this.#digests[index % this.#kept_max] ?? null;
  }
}
