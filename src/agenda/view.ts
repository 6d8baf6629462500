import type {
  Appointment,
  AppointmentVersion,
  Calendar,
  Instant,
  Key,
  Tombstone,
  User,
} from './model.ts';

/** What the rules may read while they decide: a port; every answer is ordered and deterministic. */
export interface RulesView {
  userByKey(key: Key): User | null;
  userByFoldedUsername(folded: string): User | null;
  userByFoldedEmail(folded: string): User | null;
  calendarByKey(key: Key): Calendar | null;
  defaultCalendarOf(owner_key: Key): Calendar | null;
  appointmentByKey(key: Key): Appointment | null;
  /** Keys of what takes time on a person's agenda and overlaps the range, by start then key. */
  busyOverlapping(person_key: Key, range: BusyRange, limit: number): readonly Key[];
}

/** [start, end), but for the appointment that asks. */
export interface BusyRange {
  readonly start: Instant;
  readonly end: Instant;
  readonly except_key: Key;
}

/** One committed state, whatever is applied meanwhile; to be closed, once. */
export interface AgendaSnapshot {
  agendaOf(person_key: Key, range: AgendaRange): readonly Appointment[];
  close(): void;
}

/** [start, end) on a person's agenda. */
export interface AgendaRange {
  readonly start: Instant;
  readonly end: Instant;
  /** Only what comes after this place; null: all. */
  readonly after: AgendaPlace | null;
  /** Those too that are cancelled and not yet gone. */
  readonly with_cancelled: boolean;
  readonly limit: number;
}

/** A place in the order of an agenda. */
export interface AgendaPlace {
  readonly start: Instant;
  readonly key: Key;
}

/** What a search looks at. */
export interface AgendaText extends AgendaPlace {
  readonly title: string;
  readonly description: string;
}

/** What expires by state time: each kind in the order in which it does. */
export interface ExpiryView {
  firstCancelled(limit: number): readonly CancelledAppointment[];
  firstVersions(limit: number): readonly ExpiringVersion[];
  firstTombstones(limit: number): readonly Pick<Tombstone, 'key' | 'expires_at'>[];
  /** What all earlier versions take together. */
  versionsBytes(): number;
}

export interface CancelledAppointment extends Appointment {
  readonly cancelled_at: Instant;
}

type ExpiringVersion = Pick<
  AppointmentVersion,
  'appointment_key' | 'version' | 'expires_at' | 'bytes'
>;

/** What requests may read besides: the same state, after it is applied. */
export interface AgendaView extends RulesView {
  /** State time of what is applied. */
  stateTime(): Instant;
  /** An appointment as it is or was at a version; null when it is not there, or that is kept no more. */
  appointmentAt(key: Key, version: number): Appointment | null;
  /** A person's appointments that overlap the range, by start then key. */
  agendaOf(person_key: Key, range: AgendaRange): readonly Appointment[];
  /** The state as it is now, for what is read in slices; null: too many are open. */
  agendaSnapshot(): AgendaSnapshot | null;
  /** Of the same, what a search looks at; read one by one, so that who reads can stop. */
  agendaTextsOf(person_key: Key, range: AgendaRange): Iterable<AgendaText>;
  /** Users whose folded username begins with `prefix` and comes after `after`, in its order. */
  usersByNamePrefix(prefix: string, after: string, limit: number): readonly User[];
  /** Users whose folded names hold `part`; not those whose username begins with it. */
  usersByNamePart(part: string, slice: UserSlice): UserSliceMatches;
}

/** A stretch of all users, by key: a search that no index helps goes on slice by slice. */
export interface UserSlice {
  readonly after_key: Key;
  /** Users to look at. */
  readonly rows: number;
  /** Users to return. */
  readonly limit: number;
}

export interface UserSliceMatches {
  readonly users: readonly User[];
  /** Where to go on; null: all users were looked at. */
  readonly next_after_key: Key | null;
}
