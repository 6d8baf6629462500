import { assert } from './assert.ts';

const DIGITS = Array.from({ length: 36 }, (_, value) => value.toString(36));
const PAIRS = DIGITS.flatMap((high) => DIGITS.map((low) => high + low));
const PAIR_BASE = PAIRS.length;

/** As `value.toString(36)` writes a natural number, which takes several times as long beyond 31 bits. */
export function toBase36(value: number): string {
  assert(Number.isSafeInteger(value) && value >= 0, `not a natural number: ${value}`);
  let text = '';
  let rest = value;
  while (rest >= PAIR_BASE) {
    const pair = rest % PAIR_BASE;
    text = `${PAIRS[pair] ?? ''}${text}`;
    rest = (rest - pair) / PAIR_BASE;
  }
  const first = rest < DIGITS.length ? DIGITS[rest] : PAIRS[rest];
  return `${first ?? ''}${text}`;
}
