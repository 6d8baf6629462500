import type { Database, Statement } from 'better-sqlite3';
import { assert } from '../base/assert.ts';
import { table_columns } from '../agenda/change.ts';
import type { RowChange, TableName } from '../agenda/change.ts';
import type { Appointment, Calendar, Instant, Key, User } from '../agenda/model.ts';
import type { AgendaView } from '../agenda/view.ts';
import { limits } from '../limits.ts';
import { appointmentOf, calendarOf, userOf } from './agenda-rows.ts';
import type { AppointmentRow, CalendarRow, UserRow } from './agenda-rows.ts';
import { range_queries } from './range-queries.ts';
import type { RangeParameters } from './range-queries.ts';
import { RowCache } from './row-cache.ts';

function selectFrom(table: TableName): string {
  return `SELECT ${table_columns[table].map((column) => `"${column}"`).join(', ')} FROM ${table}`;
}

function orNull<Row, Thing>(row: Row | undefined, thingOf: (row: Row) => Thing): Thing | null {
  return row === undefined ? null : thingOf(row);
}

/**
 * Reads on the connection that applies: what is committed, and within a transaction what it has written
 * so far. Every command needs its user and their calendar, so those are cached.
 */
export class SqliteAgendaView implements AgendaView {
  readonly #users = new RowCache<User>(limits.user_cache_max);
  readonly #default_calendars = new RowCache<Calendar>(limits.user_cache_max);
  readonly #user_by_key: Statement<[Key], UserRow>;
  readonly #user_by_name: Statement<[string], UserRow>;
  readonly #user_by_email: Statement<[string], UserRow>;
  readonly #calendar_by_key: Statement<[Key], CalendarRow>;
  readonly #default_calendar: Statement<[Key], CalendarRow>;
  readonly #appointment_by_key: Statement<[Key], AppointmentRow>;
  readonly #agenda: Statement<[RangeParameters], AppointmentRow>;
  readonly #readBusy: (range: RangeParameters) => readonly Key[];

  constructor(database: Database) {
    const users = selectFrom('users');
    const calendars = selectFrom('calendars');
    const appointments = selectFrom('appointments');
    function prepareRaw<Parameter, Row>(sql: string): Statement<[Parameter], Row> {
      return database.prepare<[Parameter], Row>(sql).raw();
    }
    this.#user_by_key = prepareRaw(`${users} WHERE "key" = ?`);
    this.#user_by_name = prepareRaw(`${users} WHERE username_folded = ?`);
    this.#user_by_email = prepareRaw(`${users} WHERE email_folded = ?`);
    this.#calendar_by_key = prepareRaw(`${calendars} WHERE "key" = ?`);
    this.#default_calendar = prepareRaw(`${calendars} WHERE owner_key = ? AND is_default = 1`);
    this.#appointment_by_key = prepareRaw(`${appointments} WHERE "key" = ?`);
    this.#agenda = prepareRaw(range_queries.agenda);
    this.#readBusy = prepareBusy(database);
  }

  userByKey(key: Key): User | null {
    return this.#users.get(key, (wanted) => orNull(this.#user_by_key.get(wanted), userOf));
  }

  userByFoldedUsername(folded: string): User | null {
    return orNull(this.#user_by_name.get(folded), userOf);
  }

  userByFoldedEmail(folded: string): User | null {
    return orNull(this.#user_by_email.get(folded), userOf);
  }

  calendarByKey(key: Key): Calendar | null {
    return orNull(this.#calendar_by_key.get(key), calendarOf);
  }

  defaultCalendarOf(owner_key: Key): Calendar | null {
    return this.#default_calendars.get(owner_key, (wanted) =>
      orNull(this.#default_calendar.get(wanted), calendarOf),
    );
  }

  appointmentByKey(key: Key): Appointment | null {
    return orNull(this.#appointment_by_key.get(key), appointmentOf);
  }

  busyOverlapping(person_key: Key, start: Instant, end: Instant, limit: number): readonly Key[] {
    return this.#readBusy(rangeOf(person_key, start, end, limit));
  }

  agendaOf(person_key: Key, start: Instant, end: Instant, limit: number): readonly Appointment[] {
    return this.#agenda.all(rangeOf(person_key, start, end, limit)).map(appointmentOf);
  }

  /** A row is about to be written. */
  forget(change: RowChange): void {
    if (change.table === 'users') this.#users.forget(change.row.key);
    if (change.table === 'calendars') this.#default_calendars.forget(change.row.owner_key);
  }

  /** What was read may have been rolled back. */
  forgetAll(): void {
    this.#users.clear();
    this.#default_calendars.clear();
  }
}

function rangeOf(person_key: Key, start: Instant, end: Instant, limit: number): RangeParameters {
  assert(end > start, 'an empty range');
  assert(Number.isSafeInteger(limit) && limit >= 1, `not a limit: ${limit}`);
  return { person_key, start, end, limit };
}

type BusyRow = readonly [start: Instant, appointment_key: Key];

/** Most often nothing overlaps, and to learn that takes half as long as to set out for a list. */
function prepareBusy(database: Database): (range: RangeParameters) => readonly Key[] {
  const any = database.prepare<[RangeParameters], number>(range_queries.busy_any).pluck();
  const short = database.prepare<[RangeParameters], BusyRow>(range_queries.busy_short).raw();
  const long = database.prepare<[RangeParameters], BusyRow>(range_queries.busy_long).raw();
  return (range) => {
    if (any.get(range) === 0) return [];
    const rows = [...short.all(range), ...long.all(range)];
    rows.sort((one, other) => one[0] - other[0] || one[1] - other[1]);
    return rows.slice(0, range.limit).map((row) => row[1]);
  };
}
