import type { Instant } from './model.ts';

const DAY_MS = 86_400_000;

/**
 * The date at an offset from UTC, in days since 1970-01-01. A day that begins with a gap in the clock, at
 * 01:00, is that day as well.
 */
export function wallDay(instant: Instant, offset_s: number): number {
  return Math.floor((instant + offset_s * 1000) / DAY_MS);
}
