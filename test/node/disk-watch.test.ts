import { expect, test } from '@jest/globals';
import { limits } from '../../src/limits.ts';
import { isSpaceLow } from '../../src/node/disk-watch.ts';
import type { DiskSpace } from '../../src/node/disk-watch.ts';

const GIB = 1024 ** 3;

function space(free_bytes: number, total_bytes: number): DiskSpace {
  return { free_bytes, total_bytes };
}

test('space is low below a mark, and not again before there is clearly more', () => {
  const low = limits.storage_low_bytes;
  expect(isSpaceLow(space(low, 100 * GIB), false)).toBe(false);
  expect(isSpaceLow(space(low - 1, 100 * GIB), false)).toBe(true);
  expect(isSpaceLow(space(low + 1, 100 * GIB), true)).toBe(true);
  expect(isSpaceLow(space(low * limits.storage_high_factor, 100 * GIB), true)).toBe(false);
});

test('a small file system is not low when it is empty', () => {
  const total = 16 * 1024 * 1024;
  expect(isSpaceLow(space(total, total), false)).toBe(false);
  expect(isSpaceLow(space(total, total), true)).toBe(false);
  expect(isSpaceLow(space(total * 0.09, total), false)).toBe(true);
});
