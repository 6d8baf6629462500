import type { Instant, Key, Privacy } from './model.ts';
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
  | CreateDefaultCalendar;
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

export interface CreateAppointment extends AppointmentFields {
  readonly kind: 'appointment.create';
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

/** A consequence of a registration; nobody proposes it. */
export interface CreateDefaultCalendar {
  readonly kind: 'calendar.create_default';
  readonly owner_key: Key;
}
