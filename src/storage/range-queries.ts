import { assert } from '../base/assert.ts';
import { table_columns } from '../agenda/change.ts';
import type { Instant, Key } from '../agenda/model.ts';
import type { AgendaRange, BusyRange } from '../agenda/view.ts';
import { LONG_OCCURRENCE_MS } from './agenda-schema.ts';

/** [start, end) on a person's agenda. */
interface RangeParameters {
  readonly agenda_key: Key;
  readonly start: Instant;
  readonly end: Instant;
  /** Where to begin in the order of starts, for what is up to a day long. */
  readonly short_from: Instant;
  readonly limit: number;
}

export interface BusyParameters extends RangeParameters {
  readonly except_key: Key;
}

export interface AgendaParameters extends RangeParameters {
  readonly after_start: Instant;
  readonly after_key: Key;
  /** Of cancelled ones only those cancelled later. */
  readonly cancelled_after: Instant;
  /** The status that is left out; empty: none is. */
  readonly without_status: string;
}

export type BusyTimesParameters = Omit<AgendaParameters, 'cancelled_after' | 'without_status'>;

const is_long = `o."end" - o.start > ${LONG_OCCURRENCE_MS}`;

/** What overlaps and is up to a day long began less than a day before: by the primary key. */
const short_ones = `o.agenda_key = @agenda_key AND o.start >= @short_from AND o.start < @end
    AND o."end" > @start AND NOT (${is_long})`;
const from_all = 'FROM occurrences AS o';

/**
 * Long ones that have not ended, by their own index. It is named, because SQLite would rather walk all of
 * the person's past in order than sort the few long ones.
 */
const long_ones = `o.agenda_key = @agenda_key AND o."end" > @start AND o.start < @end AND ${is_long}`;
const from_long = 'FROM occurrences AS o INDEXED BY occurrences_long';

const takes_time = 'o.busy = 1 AND o.appointment_key <> @except_key';
const short_busy = `${from_all} WHERE ${short_ones} AND ${takes_time}`;
const long_busy = `${from_long} WHERE ${long_ones} AND ${takes_time}`;
const busy_columns = 'SELECT o.start AS occurrence_start, o.appointment_key AS occurrence_key';

/**
 * A bare parameter as the limit would let SQLite plan for its value: it then prepares the statement anew
 * at every call, which takes twenty times as long as the search.
 */
const in_order = 'ORDER BY occurrence_start, occurrence_key LIMIT @limit + 0';

/** Parameters: {@link BusyParameters}. */
export const busy_queries = {
  /** One row, one column: 1 when there is anything. Without `limit`. */
  any: `SELECT EXISTS (SELECT 1 ${short_busy}) OR EXISTS (SELECT 1 ${long_busy})`,
  /** Columns: start, key of the appointment. */
  short: `${busy_columns} ${short_busy} ${in_order}`,
  long: `${busy_columns} ${long_busy} ${in_order}`,
};

const joined = 'CROSS JOIN appointments AS a ON a."key" = o.appointment_key';
const after_place = `(o.start > @after_start
     OR (o.start = @after_start AND o.appointment_key > @after_key))`;
const wanted = `${after_place} AND o.status <> @without_status
    AND (a.cancelled_at IS NULL OR a.cancelled_at > @cancelled_after)`;

/** Three columns more: for the order, and how the person stands to it. */
function onAgenda(columns: readonly string[]): string {
  const named = columns.map((column) => `a."${column}", `).join('');
  const selected = `SELECT ${named}
        o.start AS occurrence_start, o.appointment_key AS occurrence_key, o.status`;
  return `${selected} ${from_all} ${joined} WHERE ${short_ones} AND ${wanted}
   UNION ALL ${selected} ${from_long} ${joined} WHERE ${long_ones} AND ${wanted} ${in_order}`;
}

/** Parameters: {@link AgendaParameters}. */
export const agenda_queries = {
  /** Columns: those of the appointment in their order, and start, key and status of the occurrence. */
  appointments: onAgenda(table_columns.appointments),
  /** Columns: start, key, status. */
  places: onAgenda([]),
};

const taken_columns = `SELECT o.start AS occurrence_start, o.appointment_key AS occurrence_key, o."end",
    a.all_day, a.start_offset_s, a.end_offset_s, a.group_key`;

/**
 * Columns: start and key of the occurrence, its end, and of the appointment `all_day`, both offsets, and
 * its group. Parameters: {@link BusyTimesParameters}.
 */
export const busy_times_query = `${taken_columns} ${from_all} ${joined}
    WHERE ${short_ones} AND ${after_place} AND o.busy = 1
   UNION ALL ${taken_columns} ${from_long} ${joined}
    WHERE ${long_ones} AND ${after_place} AND o.busy = 1 ${in_order}`;

/** By their own index. Columns: those of the appointment in their order. */
export const group_appointments_query = `SELECT ${table_columns.appointments
  .map((column) => `"${column}"`)
  .join(', ')} FROM appointments WHERE group_key = ? AND "key" > ? ORDER BY "key" LIMIT ? + 0`;

export function busyParameters(
  agenda_key: Key,
  { start, end, except_key }: BusyRange,
  limit: number,
): BusyParameters {
  assertRange(start, end, limit);
  return { agenda_key, start, end, short_from: shortFrom(start), except_key, limit };
}

/** `gone_before`: what was cancelled then or earlier is no longer there. */
export function agendaParameters(
  agenda_key: Key,
  range: AgendaRange,
  gone_before: Instant,
): AgendaParameters {
  const { start, end, after, with_cancelled, with_declined, limit } = range;
  assertRange(start, end, limit);
  return {
    agenda_key,
    start,
    end,
    short_from: Math.max(shortFrom(start), after?.start ?? Number.MIN_SAFE_INTEGER),
    after_start: after?.start ?? Number.MIN_SAFE_INTEGER,
    after_key: after?.key ?? 0,
    cancelled_after: with_cancelled ? gone_before : Number.MAX_SAFE_INTEGER,
    without_status: with_declined ? '' : 'declined',
    limit,
  };
}

export function busyTimesParameters(agenda_key: Key, range: AgendaRange): BusyTimesParameters {
  const {
    cancelled_after: _,
    without_status: __,
    ...parameters
  } = agendaParameters(agenda_key, range, 0);
  return parameters;
}

function shortFrom(start: Instant): Instant {
  return start - LONG_OCCURRENCE_MS + 1;
}

function assertRange(start: Instant, end: Instant, limit: number): void {
  assert(end > start, 'an empty range');
  assert(Number.isSafeInteger(limit) && limit >= 1, `not a limit: ${limit}`);
}
