import { assert, must } from '../../base/assert.ts';

const WORD_BITS = 32;

/**
 * Remembers which counters of one sender were seen, as one bit for each of the last `size` (RFC 4303,
 * §3.4.3). What is older than the window counts as seen.
 */
export class ReplayWindow {
  readonly #size: number;
  /** The bit of a counter is at its remainder by the size; bits of unseen counters are zero. */
  readonly #seen: Uint32Array;
  #highest = 0;

  constructor(size: number) {
    assert(Number.isInteger(size) && size >= WORD_BITS, `window too small: ${size}`);
    assert(size % WORD_BITS === 0, `window not a multiple of ${WORD_BITS}: ${size}`);
    this.#size = size;
    this.#seen = new Uint32Array(size / WORD_BITS);
  }

  /** True the first time a counter comes, unless it is older than the window. */
  admit(counter: number): boolean {
    assert(Number.isSafeInteger(counter) && counter >= 1, `not a counter: ${counter}`);
    if (counter > this.#highest) {
      this.#advance(counter);
      this.#set(counter, true);
      return true;
    }
    if (this.#highest - counter >= this.#size) return false;
    if (this.#has(counter)) return false;
    this.#set(counter, true);
    return true;
  }

  #advance(highest: number): void {
    if (highest - this.#highest >= this.#size) {
      this.#seen.fill(0);
    } else {
      for (let skipped = this.#highest + 1; skipped < highest; skipped += 1) {
        this.#set(skipped, false);
      }
    }
    this.#highest = highest;
  }

  #has(counter: number): boolean {
    const bit = counter % this.#size;
    const word = must(this.#seen[Math.floor(bit / WORD_BITS)], 'bit outside the window');
    return ((word >>> (bit % WORD_BITS)) & 1) === 1;
  }

  #set(counter: number, seen: boolean): void {
    const bit = counter % this.#size;
    const position = Math.floor(bit / WORD_BITS);
    const word = must(this.#seen[position], 'bit outside the window');
    const mask = 1 << (bit % WORD_BITS);
    this.#seen[position] = seen ? word | mask : word & ~mask;
  }
}
