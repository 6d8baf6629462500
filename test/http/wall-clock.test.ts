import { describe, expect, test } from '@jest/globals';
import { Temporal } from 'temporal-polyfill';
import { seededPrng } from '../../src/base/prng.ts';
import { offsetSeconds, startOfDay } from '../../src/http/wall-clock.ts';

const zones = [
  'UTC',
  'Europe/Madrid',
  'Africa/Casablanca',
  'America/St_Johns',
  'Asia/Kolkata',
  'Australia/Lord_Howe',
  'Pacific/Apia',
];

describe('the offset of a zone', () => {
  test('is that of the zone table, whatever was asked before', () => {
    const prng = seededPrng(11);
    for (let round = 0; round < 600; round += 1) {
      const zone = zones[prng.below(zones.length)] ?? 'UTC';
      const instant = Date.UTC(1960 + prng.below(150), prng.below(12)) + prng.below(2_000_000_000);
      const zoned = Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(zone);
      expect([zone, instant, offsetSeconds(zone, instant)]).toEqual([
        zone,
        instant,
        zoned.offsetNanoseconds / 1e9,
      ]);
    }
  });

  test('changes with the clocks, to the millisecond', () => {
    const change = Date.UTC(2026, 9, 25, 1);
    const asked = [change - 3_600_000, change - 1, change, change + 1, change - 1];
    expect(asked.map((instant) => offsetSeconds('Europe/Madrid', instant))).toEqual([
      7_200, 7_200, 3_600, 3_600, 7_200,
    ]);
  });
});

describe('the start of a day', () => {
  test.each([
    ['Europe/Madrid', '2026-11-20', '2026-11-19T23:00:00Z'],
    // The clocks went from 00:00 to 01:00.
    ['America/Sao_Paulo', '2018-11-04', '2018-11-04T03:00:00Z'],
    ['UTC', '2024-02-29', '2024-02-29T00:00:00Z'],
  ])('%s %s', (zone, date, instant) => {
    expect(startOfDay(zone, date)).toBe(Date.parse(instant));
  });
});
