import type { AuditRow, AuditSource } from './audit.ts';
import type {
  Appointment,
  AppointmentVersion,
  Calendar,
  EarlierKind,
  EarlierRow,
  Group,
  Instant,
  Key,
  Member,
  Notification,
  Objection,
  Participant,
  ParticipantStatus,
  Post,
  Proposal,
  Tombstone,
  User,
  Work,
} from './model.ts';

/** What the rules may read while they decide: a port; every answer is ordered and deterministic. */
export interface RulesView {
  userByKey(key: Key): User | null;
  userByFoldedUsername(folded: string): User | null;
  userByFoldedEmail(folded: string): User | null;
  calendarByKey(key: Key): Calendar | null;
  /** Of a person or a group. */
  defaultCalendarOf(owner_key: Key): Calendar | null;
  appointmentByKey(key: Key): Appointment | null;
  /** Keys of what takes time on an agenda and overlaps the range, by start then key. */
  busyOverlapping(agenda_key: Key, range: BusyRange, limit: number): readonly Key[];
  /** A group's appointments after that one, past and cancelled ones too, in the order in which they came. */
  groupAppointmentsAfter(group_key: Key, after_key: Key, limit: number): readonly Appointment[];
  readonly groups: GroupsPort;
  readonly participation: ParticipationPort;
  readonly notifications: NotificationsPort;
  readonly posts: PostsPort;
  workByKey(key: Key): Work | null;
  /** How much work there is for a group. */
  workCount(group_key: Key): number;
  readonly audit: AuditSourcesPort;
}

/** Whose events are in the audit, and up to where. */
export interface AuditSourcesPort {
  sourceOf(node_id: string, run_id: string): AuditSource | null;
  /** How many there are. */
  sourceCount(): number;
  /** The one whose last event was taken the longest ago; null: there is none. */
  oldestSource(): AuditSource | null;
}

/** Who is in which group, and where: all that other modules know of groups. */
export interface GroupsPort {
  /** Those too that are deleted, for as long as their names are needed. */
  groupByKey(key: Key): Group | null;
  memberOf(group_key: Key, user_key: Key): Member | null;
  /** The longest in it first. */
  membersOf(group_key: Key): readonly Member[];
  memberCount(group_key: Key): number;
  /** How many groups somebody is in that they created. */
  createdMembershipCount(user_key: Key): number;
  /** How many groups somebody is in that others added them to. */
  addedMembershipCount(user_key: Key): number;
}

/** Who is on an appointment, and what they say of it; lists in the order in which they came. */
export interface ParticipationPort {
  participantOf(appointment_key: Key, user_key: Key): Participant | null;
  participantsOf(appointment_key: Key): readonly Participant[];
  participantCount(appointment_key: Key): number;
  proposalByKey(key: Key): Proposal | null;
  proposalsOf(appointment_key: Key): readonly Proposal[];
  objectionOf(appointment_key: Key, user_key: Key): Objection | null;
  objectionsOf(appointment_key: Key): readonly Objection[];
}

interface NotificationsPort {
  notificationByKey(key: Key): Notification | null;
  /** The numbers of the oldest and the newest that somebody has; null: none. */
  notificationSpan(user_key: Key): NotificationSpan | null;
  oldestNotifications(user_key: Key, limit: number): readonly Notification[];
  /** Newest first, before that key. */
  notificationsOf(user_key: Key, page: NotificationPage): readonly Notification[];
}

interface PostsPort {
  postByKey(key: Key): Post | null;
}

/** Numbers; there is one of each between them. */
interface NotificationSpan {
  readonly oldest_number: number;
  readonly newest_number: number;
}

/** [start, end), but for the appointment that asks. */
export interface BusyRange {
  readonly start: Instant;
  readonly end: Instant;
  readonly except_key: Key;
}

/** An appointment on an agenda, and how the person whose it is stands to it. */
export interface AgendaEntry {
  readonly appointment: Appointment;
  readonly status: ParticipantStatus;
}

/** What agendas are read from. */
export interface AgendasPort {
  /** The appointments on an agenda that overlap the range, by start then key. */
  agendaOf(agenda_key: Key, range: AgendaRange): readonly AgendaEntry[];
  /** What takes time on an agenda and overlaps the range, after a place, by start then key. */
  busyTimesOf(agenda_key: Key, range: AgendaRange): readonly BusyTime[];
  readonly groups: GroupsPort;
  readonly participation: ParticipationPort;
}

/** One committed state, whatever is applied meanwhile; to be closed, once. */
export interface AgendaSnapshot extends AgendasPort {
  close(): void;
}

/** [start, end) on the agenda of a person or a group. */
export interface AgendaRange {
  readonly start: Instant;
  readonly end: Instant;
  /** Only what comes after this place; null: all. */
  readonly after: AgendaPlace | null;
  /** Those too that are cancelled and not yet gone. */
  readonly with_cancelled: boolean;
  /** Those too that the person declined. */
  readonly with_declined: boolean;
  readonly limit: number;
  /** Of appointments: what is read ends with the one whose texts go beyond this; without it they all are. */
  readonly characters_max?: number;
}

/** A place in the order of an agenda. */
export interface AgendaPlace {
  readonly start: Instant;
  readonly key: Key;
}

/** A stretch of time that is taken on somebody's agenda; `key`: that of the appointment. */
export interface BusyTime extends AgendaPlace {
  readonly end: Instant;
  readonly all_day: boolean;
  readonly start_offset_s: number;
  readonly end_offset_s: number;
  readonly group_key: Key | null;
}

/**
 * What expires by state time: each kind in the order in which it does, read as far as somebody looks at it.
 * Nothing can be written meanwhile.
 */
export interface ExpiryView {
  cancelledAppointments(): Iterable<CancelledAppointment>;
  earlierVersions(): Iterable<ExpiringVersion>;
  tombstones(): Iterable<Pick<Tombstone, 'key' | 'expires_at'>>;
  earlierRows(): Iterable<Omit<EarlierRow, 'content'>>;
  notifications(): Iterable<Pick<Notification, 'key' | 'created_at'>>;
  deletedGroups(): Iterable<DeletedGroup>;
  /** Posts to a group, oldest first. */
  postsTo(group_key: Key): Iterable<Pick<Post, 'key'>>;
  participantsOf(appointment_key: Key): readonly Participant[];
  proposalsOf(appointment_key: Key): readonly Proposal[];
  objectionsOf(appointment_key: Key): readonly Objection[];
  /** What all earlier versions and rows take together. */
  versionsBytes(): number;
  /** By key. */
  auditRows(): Iterable<Pick<AuditRow, 'key' | 'occurred_at' | 'chain'>>;
}

export interface CancelledAppointment extends Appointment {
  readonly cancelled_at: Instant;
}

export interface DeletedGroup {
  readonly key: Key;
  readonly deleted_at: Instant;
}

type ExpiringVersion = Pick<
  AppointmentVersion,
  'appointment_key' | 'version' | 'expires_at' | 'bytes'
>;

/** What requests may read besides: the same state, after it is applied. */
export interface AgendaView extends RulesView, AgendasPort {
  /** State time of what is applied. */
  stateTime(): Instant;
  /** An appointment as a version was when it was made; null when it is not there, or that is kept no more. */
  appointmentAt(key: Key, version: number): Appointment | null;
  /** The state as it is now, for what is read in slices; null: too many are open, or were of late. */
  agendaSnapshot(): AgendaSnapshot | null;
  /** Where on an agenda the appointments are that overlap the range, by start then key. */
  agendaPlacesOf(agenda_key: Key, range: AgendaRange): readonly AgendaPlace[];
  /** Users whose folded username begins with `prefix` and comes after `after`, in its order. */
  usersByNamePrefix(prefix: string, after: string, limit: number): readonly User[];
  /** Users whose folded names hold `part`; not those whose username begins with it. */
  usersByNamePart(part: string, slice: UserSlice): UserSliceMatches;
  readonly groups: GroupsPort & {
    memberByKey(key: Key): Member | null;
    /** After that group, by group. */
    membershipsOf(user_key: Key, after_group_key: Key, limit: number): readonly Member[];
  };
  readonly participation: ParticipationPort & {
    participantByKey(key: Key): Participant | null;
    objectionByKey(key: Key): Objection | null;
    /** Participants that have their keys from one log entry, as it made them, by key. */
    participantsMadeAt(index: number): readonly Participant[];
  };
  readonly notifications: NotificationsPort & {
    unreadCount(user_key: Key): number;
  };
  readonly posts: PostsPort & {
    /** Of posts, newest first, before that key; null: those to everyone. */
    postKeysOf(group_key: Key | null, before_key: Key, limit: number): readonly Key[];
  };
  /** A row as it was at an earlier version; null: it is kept no more. */
  earlierRow(kind: EarlierKind, key: Key, version: number): EarlierRow | null;
  /** The oldest work there is; null: none. */
  firstWork(): Work | null;
  readonly audit: AuditSourcesPort & {
    /** Rows of a stretch of the audit that match, newest first. */
    rowsBefore(slice: AuditSlice): AuditSliceRows;
  };
}

/** What rows of the audit are asked for; null: any. */
export interface AuditFilter {
  readonly component: string | null;
  readonly action: string | null;
  readonly level: string | null;
  readonly request_id: string | null;
  readonly actor_key: Key | null;
  readonly node_id: string | null;
  /** [since, until). */
  readonly since: Instant | null;
  readonly until: Instant | null;
}

/** A place among the rows of the audit, by when it happened, then by key. */
export interface AuditPlace {
  readonly occurred_at: Instant;
  readonly key: Key;
}

/** A stretch of the audit before a place: a question that no index helps goes on slice by slice. */
export interface AuditSlice {
  readonly filter: AuditFilter;
  /** Null: from the newest on. */
  readonly before: AuditPlace | null;
  /** Rows to look at. */
  readonly rows: number;
  /** Rows to return. */
  readonly limit: number;
}

interface AuditSliceRows {
  readonly rows: readonly AuditRow[];
  /** Where to go on; null: all were looked at. */
  readonly next_before: AuditPlace | null;
}

interface NotificationPage {
  readonly before_key: Key;
  readonly unread_only: boolean;
  readonly limit: number;
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
