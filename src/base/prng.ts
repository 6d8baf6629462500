import { assert } from './assert.ts';

/** A source of pseudo-random numbers that is handed in, so that a seed reproduces a run. */
export interface Prng {
  /** A uniform integer in [0, bound). `bound` is an integer from 1 to 2^32. */
  below(bound: number): number;
}

/**
 * mulberry32: a 32-bit generator with a full period. Enough for election timeouts and schedules,
 * never for secrets.
 */
export function seededPrng(seed: number): Prng {
  let state = seed >>> 0;
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }
  return {
    below(bound) {
      assert(Number.isInteger(bound) && bound >= 1 && bound <= 2 ** 32, 'prng bound out of range');
      return Math.floor((next() / 2 ** 32) * bound);
    },
  };
}
