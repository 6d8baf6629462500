import type { Database, Statement } from 'better-sqlite3';
import { assert, must } from '../base/assert.ts';
import type { RowChange } from '../agenda/change.ts';
import { appointmentAt } from '../agenda/appointment-version.ts';
import type {
  Appointment,
  Calendar,
  EarlierKind,
  EarlierRow,
  Instant,
  Key,
  User,
  Work,
} from '../agenda/model.ts';
import type {
  AgendaEntry,
  AgendaPlace,
  AgendaRange,
  AgendaSnapshot,
  AgendaView,
  BusyRange,
  BusyTime,
  UserSlice,
  UserSliceMatches,
} from '../agenda/view.ts';
import { limits } from '../limits.ts';
import { appointmentOf, appointmentVersionOf, calendarOf, userOf } from './agenda-rows.ts';
import type { AppointmentRow, AppointmentVersionRow, CalendarRow, UserRow } from './agenda-rows.ts';
import { busyTimeOf, openAgendaSnapshot, readAgenda } from './agenda-snapshot.ts';
import type { AgendaEntryRow, BusyTimeRow } from './agenda-snapshot.ts';
import { auditView } from './audit-view.ts';
import { fileBytes } from './file-bytes.ts';
import { prepareGroupsView } from './groups-view.ts';
import { prepareNotificationsView, preparePostsView } from './notifications-view.ts';
import { prepareParticipationView } from './participation-view.ts';
import { oneOrNull, prepareByKey, prepareRaw as prepareRows } from './prepared.ts';
import {
  agenda_queries,
  agendaParameters,
  busy_queries,
  busy_times_query,
  busyParameters,
  busyTimesParameters,
  group_appointments_query,
} from './range-queries.ts';
import type { AgendaParameters, BusyParameters, BusyTimesParameters } from './range-queries.ts';
import { rowReader, selectFrom } from './row-reader.ts';
import { RowCache } from './row-cache.ts';
import { prepareUserSearch } from './user-search.ts';

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
  readonly #path: string;
  #statements: ViewStatements;
  #snapshots = 0;

  constructor(database: Database) {
    this.#path = database.name;
    this.#statements = prepareStatements(database);
  }

  /** Reads from another database from now on, at the same path. */
  reopen(database: Database): void {
    assert(database.name === this.#path, 'another state is at the same path');
    this.#statements = prepareStatements(database);
    this.forgetAll();
  }

  userByKey(key: Key): User | null {
    return this.#users.get(key, (wanted) =>
      orNull(this.#statements.user_by_key.get(wanted), userOf),
    );
  }

  userByFoldedUsername(folded: string): User | null {
    return orNull(this.#statements.user_by_name.get(folded), userOf);
  }

  userByFoldedEmail(folded: string): User | null {
    return orNull(this.#statements.user_by_email.get(folded), userOf);
  }

  calendarByKey(key: Key): Calendar | null {
    return orNull(this.#statements.calendar_by_key.get(key), calendarOf);
  }

  defaultCalendarOf(owner_key: Key): Calendar | null {
    return this.#default_calendars.get(owner_key, (wanted) =>
      orNull(this.#statements.default_calendar.get(wanted), calendarOf),
    );
  }

  appointmentByKey(key: Key): Appointment | null {
    return orNull(this.#statements.appointment_by_key.get(key), appointmentOf);
  }

  stateTime(): Instant {
    return must(this.#statements.state_time.get(), 'agenda.db without its row in raft_meta');
  }

  appointmentAt(key: Key, version: number): Appointment | null {
    const current = this.appointmentByKey(key);
    if (current === null) return null;
    if (current.version === version) return { ...current, status: current.version_status };
    const row = this.#statements.appointment_version.get(key, version);
    return row === undefined ? null : appointmentAt(current, appointmentVersionOf(row));
  }

  busyOverlapping(agenda_key: Key, range: BusyRange, limit: number): readonly Key[] {
    return this.#statements.readBusy(busyParameters(agenda_key, range, limit));
  }

  agendaOf(agenda_key: Key, range: AgendaRange): readonly AgendaEntry[] {
    return readAgenda(this.#statements.agenda, agenda_key, range, this.#goneBefore());
  }

  busyTimesOf(agenda_key: Key, range: AgendaRange): readonly BusyTime[] {
    return this.#statements.busy_times.all(busyTimesParameters(agenda_key, range)).map(busyTimeOf);
  }

  groupAppointmentsAfter(group_key: Key, after_key: Key, limit: number): readonly Appointment[] {
    return this.#statements.group_appointments.all(group_key, after_key, limit).map(appointmentOf);
  }

  agendaSnapshot(): AgendaSnapshot | null {
    if (this.#snapshots >= limits.agenda_snapshots_max) return null;
    if (fileBytes(`${this.#path}-wal`) > limits.agenda_snapshot_wal_bytes_max) return null;
    const snapshot = openAgendaSnapshot(this.#path, () => {
      this.#snapshots -= 1;
    });
    this.#snapshots += 1;
    return snapshot;
  }

  agendaPlacesOf(agenda_key: Key, range: AgendaRange): readonly AgendaPlace[] {
    const parameters = agendaParameters(agenda_key, range, this.#goneBefore());
    return this.#statements.agenda_places.all(parameters).map(([start, key]) => ({ start, key }));
  }

  get groups(): AgendaView['groups'] {
    return this.#statements.groups;
  }

  get participation(): AgendaView['participation'] {
    return this.#statements.participation;
  }

  get notifications(): AgendaView['notifications'] {
    return this.#statements.notifications;
  }

  get posts(): AgendaView['posts'] {
    return this.#statements.posts;
  }

  workByKey(key: Key): Work | null {
    return this.#statements.workByKey(key);
  }

  workCount(group_key: Key): number {
    return this.#statements.work_count.get(group_key) ?? 0;
  }

  firstWork(): Work | null {
    return oneOrNull(this.#statements.first_work.get(), workOf);
  }

  earlierRow(kind: EarlierKind, key: Key, version: number): EarlierRow | null {
    return oneOrNull(this.#statements.earlier_row.get(kind, key, version), earlierOf);
  }

  #goneBefore(): Instant {
    return this.stateTime() - limits.cancelled_kept_ms;
  }

  usersByNamePrefix(prefix: string, after: string, limit: number): readonly User[] {
    return this.#statements.user_search.byNamePrefix(prefix, after, limit);
  }

  usersByNamePart(part: string, slice: UserSlice): UserSliceMatches {
    return this.#statements.user_search.byNamePart(part, slice);
  }

  get audit(): AgendaView['audit'] {
    return this.#statements.audit;
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

const workOf = rowReader<Work>('work');
const earlierOf = rowReader<EarlierRow>('earlier_rows');

type PlaceRow = readonly [start: Instant, key: Key];
type BusyRow = readonly [start: Instant, appointment_key: Key];
/** Most often nothing overlaps, and to learn that takes half as long as to set out for a list. */
function prepareBusy(database: Database): (range: BusyParameters) => readonly Key[] {
  const any = database.prepare<[BusyParameters], number>(busy_queries.any).pluck();
  const short = database.prepare<[BusyParameters], BusyRow>(busy_queries.short).raw();
  const long = database.prepare<[BusyParameters], BusyRow>(busy_queries.long).raw();
  return (range) => {
    if (any.get(range) === 0) return [];
    const rows = [...short.all(range), ...long.all(range)];
    rows.sort((one, other) => one[0] - other[0] || one[1] - other[1]);
    return rows.slice(0, range.limit).map((row) => row[1]);
  };
}

type ViewStatements = ReturnType<typeof prepareStatements>;

function prepareStatements(database: Database) {
  const users = selectFrom('users');
  const calendars = selectFrom('calendars');
  const appointments = selectFrom('appointments');
  function prepareRaw<Parameter, Row>(sql: string): Statement<[Parameter], Row> {
    return database.prepare<[Parameter], Row>(sql).raw();
  }
  return {
    user_by_key: prepareRaw<Key, UserRow>(`${users} WHERE "key" = ?`),
    user_by_name: prepareRaw<string, UserRow>(`${users} WHERE username_folded = ?`),
    user_by_email: prepareRaw<string, UserRow>(`${users} WHERE email_folded = ?`),
    calendar_by_key: prepareRaw<Key, CalendarRow>(`${calendars} WHERE "key" = ?`),
    default_calendar: prepareRaw<Key, CalendarRow>(
      `${calendars} WHERE owner_key = ? AND is_default = 1`,
    ),
    appointment_by_key: prepareRaw<Key, AppointmentRow>(`${appointments} WHERE "key" = ?`),
    appointment_version: database
      .prepare<[Key, number], AppointmentVersionRow>(
        `${selectFrom('appointment_versions')} WHERE appointment_key = ? AND version = ?`,
      )
      .raw(),
    agenda: prepareRaw<AgendaParameters, AgendaEntryRow>(agenda_queries.appointments),
    busy_times: prepareRaw<BusyTimesParameters, BusyTimeRow>(busy_times_query),
    group_appointments: database
      .prepare<[Key, Key, number], AppointmentRow>(group_appointments_query)
      .raw(),
    agenda_places: prepareRaw<AgendaParameters, PlaceRow>(agenda_queries.places),
    state_time: database.prepare<[], Instant>('SELECT state_time FROM raft_meta').pluck(),
    user_search: prepareUserSearch(database),
    audit: auditView(database),
    readBusy: prepareBusy(database),
    groups: prepareGroupsView(database),
    participation: prepareParticipationView(database),
    notifications: prepareNotificationsView(database),
    posts: preparePostsView(database),
    workByKey: prepareByKey(database, 'work', workOf),
    work_count: database
      .prepare<[Key], number>('SELECT count(*) FROM work WHERE group_key = ?')
      .pluck(),
    first_work: prepareRows<[]>(database, `${selectFrom('work')} ORDER BY "key" LIMIT 1`),
    earlier_row: prepareRows<[EarlierKind, Key, number]>(
      database,
      `${selectFrom('earlier_rows')} WHERE kind = ? AND "key" = ? AND version = ?`,
    ),
  };
}
