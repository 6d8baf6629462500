import { Temporal } from 'temporal-polyfill';
import { assert } from '../base/assert.ts';
import type { Instant } from '../agenda/model.ts';
import { limits } from '../limits.ts';

/** A time during which a zone keeps its offset: [from, until). */
interface Stretch {
  readonly from: Instant;
  readonly until: Instant;
  readonly offset_s: number;
}

/** To look for a change of the clocks outside of these takes long and helps few. */
const CACHED_FROM: Instant = Date.UTC(1980, 0);
const CACHED_UNTIL: Instant = Date.UTC(2080, 0);

const stretches_by_zone = new Map<string, Stretch[]>();

/**
 * Offset of a zone from UTC at an instant, in whole seconds. The zone must be known to this program (see
 * `isTimeZone`). To ask the zone table costs more than all else about an appointment, so what it says is
 * remembered until the next change of the clocks.
 */
export function offsetSeconds(time_zone: string, instant: Instant): number {
  if (time_zone === 'UTC') return 0;
  const known = stretches_by_zone.get(time_zone) ?? [];
  for (const { from, until, offset_s } of known) {
    if (instant >= from && instant < until) return offset_s;
  }
  const zoned = Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(time_zone);
  const offset_s = zoned.offsetNanoseconds / 1e9;
  assert(Number.isSafeInteger(offset_s), 'an offset of parts of a second');
  if (instant >= CACHED_FROM && instant < CACHED_UNTIL) {
    const until = zoned.getTimeZoneTransition('next')?.epochMilliseconds ?? CACHED_UNTIL;
    remember(time_zone, known, { from: instant, until, offset_s });
  }
  return offset_s;
}

function remember(time_zone: string, known: readonly Stretch[], stretch: Stretch): void {
  if (known.length === 0 && stretches_by_zone.size >= limits.zone_offsets_cached_max) {
    stretches_by_zone.clear();
  }
  // One that begins earlier and ends alike takes the place of those in it.
  const others = known.filter((one) => one.until !== stretch.until);
  const kept = others.slice(Math.max(0, others.length + 1 - limits.offsets_per_zone_cached_max));
  stretches_by_zone.set(time_zone, [...kept, stretch]);
}

/** The first instant of a date (`2026-11-20`) in a zone: midnight, or later when the clocks skip it. */
export function startOfDay(time_zone: string, date: string): Instant {
  return Temporal.PlainDate.from(date).toZonedDateTime(time_zone).epochMilliseconds;
}
