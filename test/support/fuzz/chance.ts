import { must } from '../../../src/base/assert.ts';
import type { Prng } from '../../../src/base/prng.ts';

export function pick<T>(prng: Prng, items: readonly T[]): T {
  return must(items[prng.below(items.length)], 'nothing to pick from');
}

/** True in so many of a hundred cases. */
export function chance(prng: Prng, percent: number): boolean {
  return prng.below(100) < percent;
}

export function letters(prng: Prng, count: number): string {
  const alphabet = 'abcdefghijklmnopqrstuvwxyz';
  return Array.from({ length: count }, () => alphabet[prng.below(alphabet.length)]).join('');
}
