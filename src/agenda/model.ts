/**
 * The agenda's rows as the rules see them. Inside, everything is keyed by an integer that comes from the
 * log position (see `id.ts`); the opaque text ids exist only outside. Instants are milliseconds of UTC.
 */

/** `log index × 4096 + counter`: unique, ascending, equal on every replica. */
export type Key = number;
/** Milliseconds since 1970-01-01T00:00:00Z. */
export type Instant = number;

export interface User {
  readonly key: Key;
  readonly username: string;
  /** NFKC + case fold, computed before the log: Unicode data differs between programs. */
  readonly username_folded: string;
  readonly email: string;
  readonly email_folded: string;
  readonly display_name: string;
  /** For the search; folded before the log like the username. */
  readonly display_name_folded: string;
  /** Argon2id, PHC string. Never leaves the replicas. */
  readonly password_hash: string;
  /** A token with a lower one is void. */
  readonly token_version: number;
  /** Log index that set `token_version`: a token names it, so that a replica knows whether to wait. */
  readonly token_version_index: number;
  /** IANA name. */
  readonly time_zone: string;
  /** BCP 47. */
  readonly locale: string;
  readonly share_busy: boolean;
  readonly version: number;
  readonly origin_node: string;
  readonly created_at: Instant;
  readonly updated_at: Instant;
}

/** Exactly one default calendar for each person; several come without a migration. */
export interface Calendar {
  readonly key: Key;
  readonly owner_key: Key;
  readonly is_default: boolean;
  readonly version: number;
  readonly origin_node: string;
  readonly created_at: Instant;
  readonly updated_at: Instant;
}

export type Privacy = 'full' | 'freebusy';
type AppointmentStatus = 'pending' | 'accepted' | 'declined' | 'cancelled';

export interface Appointment {
  readonly key: Key;
  readonly owner_key: Key;
  readonly calendar_key: Key;
  /** Of imported appointments; null: derived from the id. */
  readonly uid: string | null;
  readonly title: string;
  readonly description: string;
  /** Half-open: [start, end). */
  readonly start: Instant;
  readonly end: Instant;
  readonly all_day: boolean;
  /** IANA name in which the owner thinks of it. */
  readonly time_zone: string;
  /**
   * Offset of `time_zone` from UTC at `start` and at `end`, in seconds. With it the wall-clock times, and
   * the dates of an all-day appointment, are fixed whatever a later zone table says.
   */
  readonly start_offset_s: number;
  readonly end_offset_s: number;
  readonly privacy: Privacy;
  readonly busy: boolean;
  readonly status: AppointmentStatus;
  readonly sequence: number;
  readonly version: number;
  /** Log index of the last change: for sync tokens later. */
  readonly changed_index: number;
  readonly origin_node: string;
  readonly created_at: Instant;
  readonly updated_at: Instant;
  /** Null unless it is cancelled. */
  readonly cancelled_at: Instant | null;
  /** Until then a request key may ask for this very version; null: none does. */
  readonly remembered_until: Instant | null;
}

/** What an appointment was before a change: all that an answer shows and a change can touch. */
export interface AppointmentVersion {
  readonly appointment_key: Key;
  readonly version: number;
  readonly expires_at: Instant;
  /** What it takes, at most. */
  readonly bytes: number;
  readonly calendar_key: Key;
  readonly title: string;
  readonly description: string;
  readonly start: Instant;
  readonly end: Instant;
  readonly all_day: boolean;
  readonly time_zone: string;
  readonly start_offset_s: number;
  readonly end_offset_s: number;
  readonly privacy: Privacy;
  readonly busy: boolean;
  readonly status: AppointmentStatus;
  readonly sequence: number;
  readonly origin_node: string;
  readonly updated_at: Instant;
}

/** Remains of an appointment that is gone for good. */
export interface Tombstone {
  /** That of the appointment. */
  readonly key: Key;
  readonly calendar_key: Key;
  readonly uid: string | null;
  /** Log index at which it went. */
  readonly changed_index: number;
  readonly expires_at: Instant;
}

/** A stretch of time on a person's agenda: what range reads and the conflict rule look at. */
export interface Occurrence {
  readonly person_key: Key;
  readonly start: Instant;
  readonly end: Instant;
  readonly appointment_key: Key;
  /** It takes the time: the appointment is busy and not cancelled. */
  readonly busy: boolean;
}
