import { expect, test } from '@jest/globals';
import { assert, integer, property } from 'fast-check';
import { formatInstant, parseInstant } from '../../src/http/instant.ts';

test.each([
  ['2026-11-20T15:00:00Z', '2026-11-20T15:00:00Z'],
  ['2026-11-20t15:00:00z', '2026-11-20T15:00:00Z'],
  ['2026-11-20T15:00:00.5+05:30', '2026-11-20T09:30:00.500Z'],
  ['2026-11-20T15:00:00.123987-00:00', '2026-11-20T15:00:00.123Z'],
  ['2026-12-31T23:59:60Z', '2027-01-01T00:00:00Z'],
  ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00Z'],
  ['0050-01-01T00:00:00Z', '0050-01-01T00:00:00Z'],
  ['1969-12-31T23:59:59.999Z', '1969-12-31T23:59:59.999Z'],
])(
  'in any offset and fraction, out in UTC, milliseconds only when not zero: %s is %s',
  (given, out) => {
    const instant = parseInstant(given);
    expect(instant === null ? null : formatInstant(instant)).toBe(out);
  },
);

test.each([
  '2026-02-29T00:00:00Z',
  '2026-13-01T00:00:00Z',
  '2026-00-01T00:00:00Z',
  '2026-01-01T24:00:00Z',
  '2026-01-01T12:00:60Z',
  '2026-01-01T12:00:00',
  '2026-01-01T12:00Z',
  '2026-01-01 12:00:00Z',
  '2026-01-01T12:00:00+24:00',
  '2026-01-01T12:00:00.Z',
  '0000-01-01T00:00:00Z',
  '9999-12-31T23:59:59-01:00',
  '',
])('%s is not RFC 3339', (given) => {
  expect(parseInstant(given)).toBeNull();
});

test('what goes out is what a Date writes, on every day of the 400 years after which they repeat', () => {
  const written = (instant: number) => new Date(instant).toISOString().replace('.000Z', 'Z');
  const days = Array.from({ length: 146_097 }, (_, day) => Date.UTC(1800, 0) + day * 86_400_000);
  expect(days.filter((day) => formatInstant(day) !== written(day))).toEqual([]);
  assert(
    property(integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 }), (instant) => {
      expect(formatInstant(instant)).toBe(written(instant));
    }),
  );
  for (const last of [-62_135_596_800_000, 253_402_300_799_999]) {
    expect(formatInstant(last)).toBe(written(last));
  }
});

test('what goes out comes in again as the same', () => {
  assert(
    property(integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 }), (instant) => {
      expect(parseInstant(formatInstant(instant))).toBe(instant);
    }),
  );
});
