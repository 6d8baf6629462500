import { limits } from '../../limits.ts';
import type { RowChange } from '../change.ts';
import type { Appointment } from '../model.ts';
import { goneAt } from '../retention.ts';
import type { ExpiryView } from '../view.ts';
import { occurrencesOf, removal } from './appointments/occurrence.ts';
import type { CommandPlace } from './decide-command.ts';

export interface Expired {
  readonly changes: readonly RowChange[];
  /** What all earlier versions and rows that are left take. */
  readonly versions_bytes: number;
}

/**
 * What has had its time by `state_time`, a few rows of each kind: cancelled appointments, which leave a
 * tombstone; earlier versions and rows, those too that are too many; tombstones; notifications; deleted
 * groups with what was posted to them. Depends on the state alone, so it is the same on every replica.
 */
export function expire(view: ExpiryView, place: CommandPlace, versions_bytes: number): Expired {
  const changes = [...expiredAppointments(view, place)];
  const earlier = expiredVersions(view, place, versions_bytes);
  changes.push(...earlier.changes, ...expiredRemains(view, place));
  return { changes, versions_bytes: earlier.versions_bytes };
}

function expiredAppointments(view: ExpiryView, place: CommandPlace): readonly RowChange[] {
  const changes: RowChange[] = [];
  for (const appointment of view.firstCancelled(limits.expired_per_command)) {
    if (goneAt(appointment.cancelled_at) > place.state_time) break;
    changes.push(...purged(view, appointment, place));
    // One that many people were on is enough for one command.
    if (changes.length > limits.work_slice_rows) break;
  }
  return changes;
}

function expiredVersions(
  view: ExpiryView,
  { state_time }: CommandPlace,
  versions_bytes: number,
): Expired {
  const changes: RowChange[] = [];
  let bytes = versions_bytes;
  const isKept = (expires_at: number): boolean =>
    expires_at > state_time && bytes <= limits.appointment_versions_bytes_max;
  for (const row of view.firstVersions(limits.expired_per_command)) {
    if (isKept(row.expires_at)) break;
    const { appointment_key, version } = row;
    changes.push({
      op: 'delete',
      table: 'appointment_versions',
      row: { appointment_key, version },
    });
    bytes -= row.bytes;
  }
  for (const row of view.firstEarlierRows(limits.earlier_rows_per_command)) {
    if (isKept(row.expires_at)) break;
    const { kind, key, version } = row;
    changes.push({ op: 'delete', table: 'earlier_rows', row: { kind, key, version } });
    bytes -= row.bytes;
  }
  return { changes, versions_bytes: bytes };
}

function expiredRemains(view: ExpiryView, { state_time }: CommandPlace): readonly RowChange[] {
  const changes: RowChange[] = [];
  for (const { key, expires_at } of view.firstTombstones(limits.expired_per_command)) {
    if (expires_at > state_time) break;
    changes.push({ op: 'delete', table: 'tombstones', row: { key } });
  }
  for (const { key, created_at } of view.firstNotifications(limits.earlier_rows_per_command)) {
    if (created_at + limits.notification_kept_ms > state_time) break;
    changes.push({ op: 'delete', table: 'notifications', row: { key } });
  }
  for (const { key, deleted_at } of view.firstDeletedGroups(limits.expired_per_command)) {
    if (deleted_at + limits.deleted_group_kept_ms > state_time) break;
    const posts = view.firstPostsTo(key, limits.earlier_rows_per_command);
    changes.push(
      ...posts.map((post) => ({ op: 'delete', table: 'posts', row: { key: post.key } }) as const),
    );
    // It is found again for the rest of its posts.
    if (posts.length === limits.earlier_rows_per_command) continue;
    changes.push({ op: 'delete', table: 'groups', row: { key } });
  }
  return changes;
}

function purged(
  view: ExpiryView,
  appointment: Appointment,
  { index, state_time }: CommandPlace,
): readonly RowChange[] {
  const { key, calendar_key, uid } = appointment;
  const expires_at = state_time + limits.tombstone_kept_ms;
  const participants = view.participantsOf(key);
  const gone = (table: 'participants' | 'proposals' | 'objections') => (row: { key: number }) =>
    ({ op: 'delete', table, row: { key: row.key } }) as const;
  return [
    ...occurrencesOf({ appointment, participants }).map(removal),
    ...participants.map(gone('participants')),
    ...view.proposalsOf(key).map(gone('proposals')),
    ...view.objectionsOf(key).map(gone('objections')),
    { op: 'delete', table: 'appointments', row: { key } },
    {
      op: 'insert',
      table: 'tombstones',
      row: { key, calendar_key, uid, changed_index: index, expires_at },
    },
  ];
}
