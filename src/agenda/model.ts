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

/** Exactly one default calendar for each person and each group; several come without a migration. */
export interface Calendar {
  readonly key: Key;
  /** Of the person or the group. */
  readonly owner_key: Key;
  readonly is_default: boolean;
  readonly version: number;
  readonly origin_node: string;
  readonly created_at: Instant;
  readonly updated_at: Instant;
}

export type Privacy = 'full' | 'freebusy';
export type AppointmentStatus = 'pending' | 'accepted' | 'declined' | 'cancelled';

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
  /** The group it is of; null: it is of none. Stays when the group is deleted. */
  readonly group_key: Key | null;
  /** Who joins the group gets it, who leaves loses it, as long as it is to come. */
  readonly follow_group: boolean;
  /** `status` when this version was made: answers change the status, not the version. */
  readonly version_status: AppointmentStatus;
}

/** The most an appointment may be to a person; `auto`: placed by somebody above them. */
export type ParticipantStatus = 'pending' | 'accepted' | 'declined' | 'auto';

/** Somebody on an appointment, but for its owner, who follows from the appointment itself. */
export interface Participant {
  readonly key: Key;
  readonly appointment_key: Key;
  readonly user_key: Key;
  readonly status: ParticipantStatus;
  readonly is_optional: boolean;
  /** As a member of the group, and not only by name. */
  readonly by_group: boolean;
  /** By name, and not only as a member of the group. */
  readonly by_name: boolean;
  readonly note: string | null;
  readonly version: number;
  readonly origin_node: string;
  readonly created_at: Instant;
  readonly updated_at: Instant;
}

export type ProposalStatus = 'open' | 'accepted' | 'rejected' | 'superseded';

/** Another time that somebody on an appointment would like. One person has one open at most. */
export interface Proposal {
  readonly key: Key;
  readonly appointment_key: Key;
  readonly user_key: Key;
  readonly start: Instant;
  readonly end: Instant;
  /** In the zone that the appointment had, like its own. */
  readonly start_offset_s: number;
  readonly end_offset_s: number;
  readonly all_day: boolean;
  readonly time_zone: string;
  readonly note: string | null;
  /** Of the appointment when it was made: open no longer once that is another. */
  readonly sequence: number;
  readonly status: ProposalStatus;
  readonly version: number;
  readonly origin_node: string;
  readonly created_at: Instant;
  readonly updated_at: Instant;
}

/** What somebody has against an appointment they were placed on; the last one counts. */
export interface Objection {
  readonly key: Key;
  readonly appointment_key: Key;
  readonly user_key: Key;
  readonly note: string;
  readonly version: number;
  readonly origin_node: string;
  readonly created_at: Instant;
  readonly updated_at: Instant;
}

export type GroupType = 'hierarchical' | 'non_hierarchical';

export interface Group {
  readonly key: Key;
  readonly name: string;
  readonly description: string;
  readonly group_type: GroupType;
  /** Renames and deletes it; hands it over. Always a member. */
  readonly creator_key: Key;
  readonly version: number;
  readonly origin_node: string;
  readonly created_at: Instant;
  readonly updated_at: Instant;
  /** Its name remains for what tells of it; otherwise it is gone. Null unless deleted. */
  readonly deleted_at: Instant | null;
}

export interface Member {
  readonly key: Key;
  readonly group_key: Key;
  readonly user_key: Key;
  /** A higher one is above a lower one; 0 for all where there is no hierarchy. */
  readonly rank: number;
  readonly added_by: Key;
  readonly joined_at: Instant;
  readonly version: number;
  readonly origin_node: string;
  readonly updated_at: Instant;
}

export type NotificationType =
  | 'group_created'
  | 'group_member_added'
  | 'group_member_removed'
  | 'rank_changed'
  | 'invited'
  | 'placed'
  | 'invitation_accepted'
  | 'invitation_declined'
  | 'appointment_updated'
  | 'appointment_moved'
  | 'appointment_cancelled'
  | 'post_created';

/** Keys only: names and titles are filled in when it is read, as far as its reader may see them then. */
export interface NotificationContent {
  readonly type: NotificationType;
  /** Whose act it tells of; null: nobody's. */
  readonly actor_key: Key | null;
  /** Whom it is about, when that is somebody else. */
  readonly subject_key: Key | null;
  readonly group_key: Key | null;
  readonly appointment_key: Key | null;
  readonly proposal_key: Key | null;
  readonly post_key: Key | null;
}

export interface Notification extends NotificationContent {
  readonly key: Key;
  readonly user_key: Key;
  /** Counts the person's notifications without a gap: the oldest of too many goes. */
  readonly number: number;
  readonly read_at: Instant | null;
  readonly version: number;
  readonly origin_node: string;
  readonly created_at: Instant;
}

/** Something said to a group, or to everyone. It never changes. */
export interface Post {
  readonly key: Key;
  readonly author_key: Key;
  /** Null: to everyone. */
  readonly group_key: Key | null;
  readonly content: string;
  readonly version: number;
  readonly origin_node: string;
  readonly created_at: Instant;
}

/** Work that is too much for one command: whoever leads continues it, slice by slice, oldest first. */
export interface Work {
  readonly key: Key;
  readonly kind: WorkKind;
  readonly group_key: Key;
  /** Who joined or left; null: it is about the group. */
  readonly user_key: Key | null;
  readonly actor_key: Key;
  /** How far it has come in the group's agenda; what began before its start is left alone. */
  readonly after_start: Instant;
  readonly after_key: Key;
  readonly version: number;
  readonly origin_node: string;
  readonly created_at: Instant;
}
type WorkKind = 'group_deleted' | 'member_joined' | 'member_left';

/** A row as it was before a change, kept for answers that are asked for again; see decision 15. */
export interface EarlierRow {
  readonly kind: EarlierKind;
  readonly key: Key;
  readonly version: number;
  readonly expires_at: Instant;
  /** What it takes, at most. */
  readonly bytes: number;
  /** JSON of the row. */
  readonly content: string;
}
export type EarlierKind = 'group' | 'member' | 'participant' | 'proposal' | 'objection' | 'post';

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

/** A stretch of time on an agenda: what range reads and the conflict rule look at. */
export interface Occurrence {
  /** Of the person or the group whose agenda it is. */
  readonly agenda_key: Key;
  readonly start: Instant;
  readonly end: Instant;
  readonly appointment_key: Key;
  /** It takes the time: the appointment is busy and not cancelled, and the person is on it for certain. */
  readonly busy: boolean;
  /** How the person stands to it; `accepted` on the agenda of a group. */
  readonly status: ParticipantStatus;
}
