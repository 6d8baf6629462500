import { assert } from '../../base/assert.ts';

/** How much may be taken at once, and how much comes back. */
export interface BucketOptions {
  readonly size: number;
  readonly per_s: number;
  /** Monotonic. */
  readonly now_ms: () => number;
}

/** Allowances of one connection: full at first, refilled with time. */
export class Bucket {
  readonly #options: BucketOptions;
  #left: number;
  #seen_at_ms: number;

  constructor(options: BucketOptions) {
    assert(options.size > 0 && options.per_s > 0, 'a bucket that is always empty');
    this.#options = options;
    this.#left = options.size;
    this.#seen_at_ms = options.now_ms();
  }

  /** False, and nothing is taken, when there is not so much. */
  take(count: number): boolean {
    const { size, per_s, now_ms } = this.#options;
    const seen_at_ms = now_ms();
    const refilled = ((seen_at_ms - this.#seen_at_ms) / 1000) * per_s;
    this.#left = Math.min(size, this.#left + refilled);
    this.#seen_at_ms = seen_at_ms;
    if (this.#left < count) return false;
    this.#left -= count;
    return true;
  }
}
