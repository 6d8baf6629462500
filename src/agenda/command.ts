import type { Instant, Key, Privacy } from './model.ts';

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

export type CommandBody = RegisterUser | CreateAppointment | CreateDefaultCalendar;
export type CommandKind = CommandBody['kind'];

export interface RegisterUser {
  readonly kind: 'user.register';
  readonly username: string;
  readonly username_folded: string;
  readonly email: string;
  readonly email_folded: string;
  readonly display_name: string;
  readonly password_hash: string;
  readonly time_zone: string;
  readonly locale: string;
}

export interface CreateAppointment {
  readonly kind: 'appointment.create';
  readonly title: string;
  readonly description: string;
  readonly start: Instant;
  readonly end: Instant;
  readonly all_day: boolean;
  readonly time_zone: string;
  readonly privacy: Privacy;
  readonly busy: boolean;
  /** Null: the person's default calendar. */
  readonly calendar_key: Key | null;
  readonly allow_conflict: boolean;
}

/** A consequence of a registration; nobody proposes it. */
export interface CreateDefaultCalendar {
  readonly kind: 'calendar.create_default';
  readonly owner_key: Key;
}
