import { crc32 as zlibCrc32 } from 'node:zlib';
import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { crc32 } from '../../src/base/crc32.ts';

test('the check value of ISO 3309', () => {
  expect(crc32(Buffer.from('123456789'))).toBe(0xcbf43926);
});

test('equals that of zlib for all lengths and alignments', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(8), (bytes, skipped) => {
      const part = bytes.subarray(skipped);
      expect(crc32(part)).toBe(zlibCrc32(part));
    }),
  );
});

test('goes on from the checksum so far', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array(), (first, second) => {
      expect(crc32(second, crc32(first))).toBe(crc32(Buffer.concat([first, second])));
    }),
  );
});
