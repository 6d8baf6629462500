import { table_columns } from '../agenda/change.ts';
import type { Instant, Key } from '../agenda/model.ts';
import { LONG_OCCURRENCE_MS } from './agenda-schema.ts';

/** [start, end) on a person's agenda, the first `limit` by start, then key. */
export interface RangeParameters {
  readonly person_key: Key;
  readonly start: Instant;
  readonly end: Instant;
  readonly limit: number;
}

const is_long = `o."end" - o.start > ${LONG_OCCURRENCE_MS}`;

/** What overlaps and is up to a day long began less than a day before: by the primary key. */
const short_ones = `
   FROM occurrences AS o CROSS JOIN appointments AS a ON a."key" = o.appointment_key
  WHERE o.person_key = @person_key AND o.start > @start - ${LONG_OCCURRENCE_MS} AND o.start < @end
    AND o."end" > @start AND NOT (${is_long}) AND a.status <> 'cancelled'`;

/**
 * Long ones that have not ended, by their own index. It is named, because SQLite would rather walk all of
 * the person's past in order than sort the few long ones.
 */
const long_ones = `
   FROM occurrences AS o INDEXED BY occurrences_long
        CROSS JOIN appointments AS a ON a."key" = o.appointment_key
  WHERE o.person_key = @person_key AND o."end" > @start AND o.start < @end
    AND ${is_long} AND a.status <> 'cancelled'`;

const busy_columns = 'SELECT o.start AS occurrence_start, o.appointment_key AS occurrence_key';
const agenda_columns = `
 SELECT ${table_columns.appointments.map((column) => `a."${column}"`).join(', ')},
        o.start AS occurrence_start, o.appointment_key AS occurrence_key`;
/**
 * A bare parameter as the limit would let SQLite plan for its value: it then prepares the statement anew
 * at every call, which takes twenty times as long as the search.
 */
const in_order = 'ORDER BY occurrence_start, occurrence_key LIMIT @limit + 0';

/** Parameters: {@link RangeParameters}. Cancelled appointments are on nobody's agenda. */
export const range_queries = {
  /** One row, one column: 1 when there is anything. Without `limit`. */
  busy_any: `SELECT EXISTS (SELECT 1 ${short_ones} AND o.busy = 1)
          OR EXISTS (SELECT 1 ${long_ones} AND o.busy = 1)`,
  /** Columns: start, key of the appointment. */
  busy_short: `${busy_columns} ${short_ones} AND o.busy = 1 ${in_order}`,
  busy_long: `${busy_columns} ${long_ones} AND o.busy = 1 ${in_order}`,
  /** Columns: those of the appointment in their order, and two more. */
  agenda: `${agenda_columns} ${short_ones} UNION ALL ${agenda_columns} ${long_ones} ${in_order}`,
};
