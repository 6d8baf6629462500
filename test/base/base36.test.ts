import { expect, test } from '@jest/globals';
import { assert, maxSafeInteger, nat, oneof, property } from 'fast-check';
import { toBase36 } from '../../src/base/base36.ts';

test('natural numbers are written as JavaScript writes them in base 36', () => {
  for (const value of [
    0,
    1,
    35,
    36,
    1295,
    1296,
    46_655,
    46_656,
    2 ** 31,
    Number.MAX_SAFE_INTEGER,
  ]) {
    expect(toBase36(value)).toBe(value.toString(36));
  }
  assert(
    property(oneof(nat(), maxSafeInteger().map(Math.abs)), (value) => {
      expect(toBase36(value)).toBe(value.toString(36));
    }),
  );
});

test('anything else is refused', () => {
  for (const value of [-1, 0.5, Number.NaN, 2 ** 53]) expect(() => toBase36(value)).toThrow();
});
