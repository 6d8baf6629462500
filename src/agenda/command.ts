import type { GroupType, Instant, Key, Privacy } from './model.ts';
import type { AuditEvent } from './node-event.ts';
import type { FieldError } from './refusal.ts';

/**
 * What travels in the log. Everything that depends on a clock, a zone table, Unicode data or randomness
 * is fixed here, once, by who proposes it; apply only compares.
 */
export interface Command {
  /** Of this shape; an unknown one stops applying until the program is upgraded. */
  readonly version: 1;
  /** When it was proposed; state time is the larger of this and the state time before. */
  readonly at: Instant;
  /** Who; null for what needs no token. */
  readonly by: Key | null;
  /** Of the token it was proposed with: ended sessions are refused in apply. */
  readonly token_version: number | null;
  /** The replica that took the request. */
  readonly origin_node: string;
  readonly request_id: string;
  /** Set with an Idempotency-Key or a redirect ticket. */
  readonly remember: RequestKey | null;
  readonly body: CommandBody;
}

/** Under what a success is remembered, and for how long. */
export interface RequestKey {
  /** Keyed hash of (user or folded username, method, path, key), hexadecimal. */
  readonly scope_hash: string;
  /** Keyed hash of the body without its passwords, hexadecimal: another body is another request. */
  readonly fingerprint: string;
  readonly ttl_ms: number;
}

export type CommandBody =
  | RegisterUser
  | UpdateProfile
  | ChangePassword
  | LogOut
  | CreateAppointment
  | UpdateAppointment
  | CancelAppointment
  | RestoreAppointment
  | AnswerInvitation
  | ObjectToAppointment
  | ProposeTime
  | AcceptProposal
  | RejectProposal
  | ReleaseParticipant
  | CreateGroup
  | UpdateGroup
  | DeleteGroup
  | AddMember
  | ChangeRank
  | RemoveMember
  | HandOverGroup
  | ReadNotification
  | ReadAllNotifications
  | CreatePost
  | DeletePost
  | ContinueWork
  | AppendAudit
  | Consequence;

/** What follows from another command; nobody proposes it. */
export type Consequence =
  | CreateDefaultCalendar
  | AppointmentsOfDeletedGroup
  | AppointmentsOfJoinedMember
  | AppointmentsOfLeftMember;
export type CommandKind = CommandBody['kind'];

export interface RegisterUser {
  readonly kind: 'user.register';
  readonly username: string;
  readonly username_folded: string;
  readonly email: string;
  readonly email_folded: string;
  readonly display_name: string;
  readonly display_name_folded: string;
  readonly password_hash: string;
  readonly time_zone: string;
  readonly locale: string;
}

/** Null: what it is stays. */
export interface UpdateProfile {
  readonly kind: 'user.update_profile';
  /** The versions the profile may have; null: any. */
  readonly if_match: readonly number[] | null;
  readonly display_name: string | null;
  readonly display_name_folded: string | null;
  readonly email: string | null;
  readonly email_folded: string | null;
  readonly time_zone: string | null;
  readonly locale: string | null;
  readonly share_busy: boolean | null;
}

/**
 * The current password was compared, before the log, with the hash that belongs to the command's
 * `token_version`: hash and token version change together only, so a command judged on another hash is
 * refused with the session.
 */
export interface ChangePassword {
  readonly kind: 'user.change_password';
  /** The versions the profile may have; null: any. */
  readonly if_match: readonly number[] | null;
  readonly password_hash: string;
}

/** Ends all sessions of the person. */
export interface LogOut {
  readonly kind: 'user.log_out';
}

/** What the owner says of an appointment, with its times worked out from the zone table. */
export interface AppointmentFields {
  readonly title: string;
  readonly description: string;
  readonly start: Instant;
  readonly end: Instant;
  readonly all_day: boolean;
  readonly time_zone: string;
  /** See `Appointment`. */
  readonly start_offset_s: number;
  readonly end_offset_s: number;
  readonly privacy: Privacy;
  readonly busy: boolean;
  /** Null: the person's default calendar. */
  readonly calendar_key: Key | null;
}

/** Somebody who is named: by key, or by the folded username, which never changes; one of the two. */
export interface NamedPerson {
  readonly user_key: Key | null;
  readonly username_folded: string | null;
}

export interface InvitedPerson extends NamedPerson {
  readonly is_optional: boolean;
}

export interface CreateAppointment extends AppointmentFields {
  readonly kind: 'appointment.create';
  readonly group_key: Key | null;
  readonly participants: readonly InvitedPerson[];
  readonly follow_group: boolean;
  readonly allow_conflict: boolean;
}

/** Which appointment, and the versions it may have; null: any. */
interface ChangedAppointment {
  readonly appointment_key: Key;
  readonly if_match: readonly number[] | null;
}

/** Everything that may change is replaced. */
export interface UpdateAppointment extends ChangedAppointment {
  readonly kind: 'appointment.update';
  /** The version it was computed from: on another one it is refused as `outdated`. Null: from none. */
  readonly computed_from: number | null;
  /** Null when `wrong` has something: what the proposer found, told if nothing comes before it. */
  readonly fields: AppointmentFields | null;
  /** Never changes: it must be the one it has. Null: not said. */
  readonly group_key: Key | null;
  /** All that are invited by name; null: they stay. */
  readonly participants: readonly InvitedPerson[] | null;
  /** Null: it stays. */
  readonly follow_group: boolean | null;
  readonly wrong: readonly FieldError[];
  readonly allow_conflict: boolean;
}

export interface CancelAppointment extends ChangedAppointment {
  readonly kind: 'appointment.cancel';
}

export interface RestoreAppointment extends ChangedAppointment {
  readonly kind: 'appointment.restore';
  readonly allow_conflict: boolean;
}

/**
 * The versions that what is answered, discussed or judged may have. Absent: any; so it is in logs from before
 * there was such a field, and older programs read what does not use it.
 */
interface MatchedVersion {
  readonly if_match?: readonly number[] | undefined;
}

/** `if_match` is of the participant. */
export interface AnswerInvitation extends MatchedVersion {
  readonly kind: 'appointment.answer';
  readonly appointment_key: Key;
  readonly answer: 'accepted' | 'declined';
  /** The `sequence` that is answered; null: the present one. */
  readonly sequence: number | null;
  /** Null: the note stays. */
  readonly note: string | null;
}

/** `if_match` is of the appointment. */
export interface ObjectToAppointment extends MatchedVersion {
  readonly kind: 'appointment.object';
  readonly appointment_key: Key;
  readonly note: string;
}

/**
 * Times worked out like those of {@link AppointmentFields}, in the appointment's zone. `if_match` is of the
 * appointment.
 */
export interface ProposeTime extends MatchedVersion {
  readonly kind: 'appointment.propose';
  readonly appointment_key: Key;
  /** What the times were worked out for; `outdated` when the appointment has another. */
  readonly all_day: boolean;
  readonly time_zone: string;
  readonly start: Instant;
  readonly end: Instant;
  readonly start_offset_s: number;
  readonly end_offset_s: number;
  readonly note: string | null;
}

/** `if_match` is of the appointment. */
interface JudgedProposal extends MatchedVersion {
  readonly appointment_key: Key;
  readonly proposal_key: Key;
}

export interface AcceptProposal extends JudgedProposal {
  readonly kind: 'appointment.accept_proposal';
  readonly allow_conflict: boolean;
}

export interface RejectProposal extends JudgedProposal {
  readonly kind: 'appointment.reject_proposal';
}

/** Takes somebody who was placed off an appointment. `if_match` is of the participant. */
export interface ReleaseParticipant extends MatchedVersion {
  readonly kind: 'appointment.release';
  readonly appointment_key: Key;
  readonly user_key: Key;
}

export interface CreateGroup {
  readonly kind: 'group.create';
  readonly name: string;
  readonly description: string;
  readonly group_type: GroupType;
}

/** Which group, and the versions it may have; null: any. */
interface ChangedGroup {
  readonly group_key: Key;
  readonly if_match: readonly number[] | null;
}

export interface UpdateGroup extends ChangedGroup {
  readonly kind: 'group.update';
  readonly name: string;
  readonly description: string;
  /** Never changes: it must be the one it has. Null: not said. */
  readonly group_type: GroupType | null;
}

export interface DeleteGroup extends ChangedGroup {
  readonly kind: 'group.delete';
}

export interface AddMember {
  readonly kind: 'group.add_member';
  readonly group_key: Key;
  readonly person: NamedPerson;
  /** There in a hierarchical group, and in no other. */
  readonly rank: number | null;
}

/** Which member, and the versions it may have; null: any. */
interface ChangedMember {
  readonly group_key: Key;
  readonly user_key: Key;
  readonly if_match: readonly number[] | null;
}

export interface ChangeRank extends ChangedMember {
  readonly kind: 'group.change_rank';
  readonly rank: number;
}

/** Somebody else, or oneself: that is leaving. */
export interface RemoveMember extends ChangedMember {
  readonly kind: 'group.remove_member';
}

/** To a member, who becomes its creator. `if_match` is of the group. */
export interface HandOverGroup extends ChangedGroup {
  readonly kind: 'group.hand_over';
  readonly user_key: Key;
}

export interface ReadNotification {
  readonly kind: 'notification.read';
  readonly notification_key: Key;
}

export interface ReadAllNotifications {
  readonly kind: 'notification.read_all';
}

export interface CreatePost {
  readonly kind: 'post.create';
  readonly content: string;
  /** Null: to everyone. */
  readonly group_key: Key | null;
}

export interface DeletePost {
  readonly kind: 'post.delete';
  readonly post_key: Key;
}

/** The next slice of work that was too much for the command it follows from; proposed by who leads. */
export interface ContinueWork {
  readonly kind: 'work.continue';
  readonly work_key: Key;
  /** What the work is about and whose act it continues, for the audit. */
  readonly group_key: Key;
  readonly user_key: Key | null;
  readonly actor_key: Key;
}

/** The group's appointments that are to come are cancelled. */
export interface AppointmentsOfDeletedGroup {
  readonly kind: 'appointments.group_deleted';
  readonly group_key: Key;
  readonly actor_key: Key;
}

/** Who joined gets what is to come of those that follow the group. */
export interface AppointmentsOfJoinedMember {
  readonly kind: 'appointments.member_joined';
  readonly group_key: Key;
  readonly user_key: Key;
  readonly rank: number;
  readonly actor_key: Key;
}

/** Who left loses what is to come of those that follow the group. */
export interface AppointmentsOfLeftMember {
  readonly kind: 'appointments.member_left';
  readonly group_key: Key;
  readonly user_key: Key;
  readonly rank: null;
  readonly actor_key: Key;
}

/** A consequence of a registration or of a new group; nobody proposes it. */
export interface CreateDefaultCalendar {
  readonly kind: 'calendar.create_default';
  readonly owner_key: Key;
}

/** Events of one replica, for the audit; proposed for it by who leads, and never by a user. */
export interface AppendAudit {
  readonly kind: 'audit.append';
  /** Whose events they are: see `AuditSource`. */
  readonly node_id: string;
  readonly run_id: string;
  /** Ascending by id. */
  readonly events: readonly AuditEvent[];
}
