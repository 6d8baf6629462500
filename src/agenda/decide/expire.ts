import { limits } from '../../limits.ts';
import type { RowChange } from '../change.ts';
import type { Appointment, Instant } from '../model.ts';
import { goneAt } from '../retention.ts';
import type { ExpiryView } from '../view.ts';
import { occurrencesOf, removal } from './appointments/occurrence.ts';
import type { CommandPlace } from './decide-command.ts';
import { inOrderOfExpiry } from './in-order-of-expiry.ts';

/** When the first of each kind may go, or earlier; null: there is none. */
export interface DueTimes {
  readonly cancelled: Instant | null;
  /** Of earlier versions and rows. */
  readonly earlier: Instant | null;
  readonly tombstones: Instant | null;
  readonly notifications: Instant | null;
  readonly groups: Instant | null;
}

export interface ExpiryState {
  readonly dues: DueTimes;
  /** What all earlier versions and rows take. */
  readonly versions_bytes: number;
}

export interface Expired extends ExpiryState {
  readonly changes: readonly RowChange[];
}

/** What goes with one command. */
interface Sweep {
  readonly view: ExpiryView;
  readonly place: CommandPlace;
  readonly rows_max: number;
  readonly changes: RowChange[];
}

/**
 * What has had its time by `state_time`, `rows_max` rows of all kinds together: earlier versions and rows,
 * those too that are too many; cancelled appointments, which leave a tombstone; tombstones; notifications;
 * deleted groups with what was posted to them. Depends on the state alone, so it is the same on every
 * replica; a kind that is not due is not read, and of the others little more than goes.
 */
export function expire(
  view: ExpiryView,
  place: CommandPlace,
  { dues, versions_bytes }: ExpiryState,
  rows_max: number,
): Expired {
  const changes: RowChange[] = [];
  const sweep: Sweep = { view, place, rows_max, changes };
  const isDue = (due: Instant | null): boolean => due !== null && due <= place.state_time;
  const is_full = versions_bytes > limits.appointment_versions_bytes_max;
  const earlier =
    is_full || isDue(dues.earlier)
      ? expireEarlier(sweep, versions_bytes)
      : { due: dues.earlier, versions_bytes };
  const cancelled = isDue(dues.cancelled) ? expireCancelled(sweep) : dues.cancelled;
  const tombstones = isDue(dues.tombstones) ? expireTombstones(sweep) : dues.tombstones;
  const notifications = isDue(dues.notifications) ? expireNotifications(sweep) : dues.notifications;
  const groups = isDue(dues.groups) ? expireGroups(sweep) : dues.groups;
  return {
    changes,
    versions_bytes: earlier.versions_bytes,
    dues: { cancelled, earlier: earlier.due, tombstones, notifications, groups },
  };
}

function hasRoom({ changes, rows_max }: Sweep, rows = 1): boolean {
  return changes.length + rows <= rows_max;
}

function expireEarlier(
  sweep: Sweep,
  versions_bytes: number,
): { readonly due: Instant | null; readonly versions_bytes: number } {
  const { view, place, changes } = sweep;
  let bytes = versions_bytes;
  for (const row of inOrderOfExpiry(view.earlierVersions(), view.earlierRows())) {
    const due = row.expires_at;
    const is_kept = due > place.state_time && bytes <= limits.appointment_versions_bytes_max;
    if (is_kept || !hasRoom(sweep)) return { due, versions_bytes: bytes };
    if ('kind' in row) {
      const { kind, key, version } = row;
      changes.push({ op: 'delete', table: 'earlier_rows', row: { kind, key, version } });
    } else {
      const { appointment_key, version } = row;
      changes.push({
        op: 'delete',
        table: 'appointment_versions',
        row: { appointment_key, version },
      });
    }
    bytes -= row.bytes;
  }
  return { due: null, versions_bytes: bytes };
}

function expireCancelled(sweep: Sweep): Instant | null {
  const { view, place, changes } = sweep;
  for (const appointment of view.cancelledAppointments()) {
    const due = goneAt(appointment.cancelled_at);
    if (due > place.state_time || !hasRoom(sweep)) return due;
    for (const rows of purged(view, appointment, place)) {
      if (!hasRoom(sweep, rows.length)) return due;
      changes.push(...rows);
    }
  }
  return null;
}

function expireTombstones(sweep: Sweep): Instant | null {
  const { view, place, changes } = sweep;
  for (const { key, expires_at } of view.tombstones()) {
    if (expires_at > place.state_time || !hasRoom(sweep)) return expires_at;
    changes.push({ op: 'delete', table: 'tombstones', row: { key } });
  }
  return null;
}

function expireNotifications(sweep: Sweep): Instant | null {
  const { view, place, changes } = sweep;
  for (const { key, created_at } of view.notifications()) {
    const due = created_at + limits.notification_kept_ms;
    if (due > place.state_time || !hasRoom(sweep)) return due;
    changes.push({ op: 'delete', table: 'notifications', row: { key } });
  }
  return null;
}

/** A group goes after its posts: until then it is found again. */
function expireGroups(sweep: Sweep): Instant | null {
  const { view, place, changes } = sweep;
  for (const { key, deleted_at } of view.deletedGroups()) {
    const due = deleted_at + limits.deleted_group_kept_ms;
    if (due > place.state_time) return due;
    for (const post of view.postsTo(key)) {
      if (!hasRoom(sweep)) return due;
      changes.push({ op: 'delete', table: 'posts', row: { key: post.key } });
    }
    if (!hasRoom(sweep)) return due;
    changes.push({ op: 'delete', table: 'groups', row: { key } });
  }
  return null;
}

/**
 * Rows that go together, the appointment itself with the last: what many people were on may take several
 * commands, and nobody sees it any more by then.
 */
function* purged(
  view: ExpiryView,
  appointment: Appointment,
  { index, state_time }: CommandPlace,
): Generator<readonly RowChange[], void> {
  const { key, calendar_key, uid, start } = appointment;
  for (const row of view.objectionsOf(key)) {
    yield [{ op: 'delete', table: 'objections', row: { key: row.key } }];
  }
  for (const row of view.proposalsOf(key)) {
    yield [{ op: 'delete', table: 'proposals', row: { key: row.key } }];
  }
  for (const row of view.participantsOf(key)) {
    const on_agenda = { agenda_key: row.user_key, start, appointment_key: key };
    yield [
      { op: 'delete', table: 'occurrences', row: on_agenda },
      { op: 'delete', table: 'participants', row: { key: row.key } },
    ];
  }
  const expires_at = state_time + limits.tombstone_kept_ms;
  yield [
    ...occurrencesOf({ appointment, participants: [] }).map(removal),
    { op: 'delete', table: 'appointments', row: { key } },
    {
      op: 'insert',
      table: 'tombstones',
      row: { key, calendar_key, uid, changed_index: index, expires_at },
    },
  ];
}
