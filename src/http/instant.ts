import { assert } from '../base/assert.ts';
import type { Instant } from '../agenda/model.ts';
import { dateText, twoDigits } from './date-text.ts';

const rfc3339 =
  /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/;

/** 0001-01-01T00:00:00Z and the last millisecond of the year 9999. */
const FIRST: Instant = -62_135_596_800_000;
const LAST: Instant = 253_402_300_799_999;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/**
 * RFC 3339 with any offset and fraction (beyond milliseconds cut off), or null. A leap second counts as the
 * second that follows it, as in POSIX time.
 */
export function parseInstant(text: string): Instant | null {
  const parts = rfc3339.exec(text);
  if (parts === null) return null;
  const number = (at: number): number => Number(parts[at]);
  const [year, month, day] = [number(1), number(2), number(3)];
  const [hour, minute, second] = [number(4), number(5), number(6)];
  if (hour > 23 || minute > 59 || second > 60) return null;

  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null;
  date.setUTCHours(hour, minute, second);

  const offset = offsetMinutes(parts[8], parts[9], parts[10]);
  if (offset === null) return null;
  const fraction_ms = Number((parts[7] ?? '').slice(0, 3).padEnd(3, '0'));
  const whole = date.getTime() - offset * MINUTE_MS;
  // Only the last second of a UTC day can be a leap second.
  if (second === 60 && whole % (24 * 60 * MINUTE_MS) !== 0) return null;
  const instant = whole + fraction_ms;
  return instant >= FIRST && instant <= LAST ? instant : null;
}

function offsetMinutes(
  sign: string | undefined,
  hours: string | undefined,
  minutes: string | undefined,
): number | null {
  if (sign === undefined) return 0;
  if (Number(hours) > 23 || Number(minutes) > 59) return null;
  const offset = Number(hours) * 60 + Number(minutes);
  return sign === '-' ? -offset : offset;
}

/** Whether a number is an instant that can be written as RFC 3339. */
export function isInstant(value: number): boolean {
  return Number.isSafeInteger(value) && value >= FIRST && value <= LAST;
}

/** UTC with seconds; milliseconds only when not zero. */
export function formatInstant(instant: Instant): string {
  assert(isInstant(instant), `an instant out of range: ${instant}`);
  const day = Math.floor(instant / DAY_MS);
  const ms_of_day = instant - day * DAY_MS;
  const second_of_day = Math.floor(ms_of_day / 1000);
  const minute_of_day = Math.floor(second_of_day / 60);
  const hour = twoDigits(Math.floor(minute_of_day / 60));
  const minute = twoDigits(minute_of_day % 60);
  const second = twoDigits(second_of_day % 60);
  const ms = ms_of_day - second_of_day * 1000;
  const fraction = ms === 0 ? '' : `.${String(ms).padStart(3, '0')}`;
  return `${dateText(day)}T${hour}:${minute}:${second}${fraction}Z`;
}
