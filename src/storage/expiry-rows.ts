import type { Database } from 'better-sqlite3';
import { must } from '../base/assert.ts';
import { table_columns } from '../agenda/change.ts';
import type { Key, Post } from '../agenda/model.ts';
import type { CancelledAppointment, DeletedGroup, ExpiryView } from '../agenda/view.ts';
import { appointmentOf } from './agenda-rows.ts';
import type { AppointmentRow } from './agenda-rows.ts';
import { prepareParticipationView } from './participation-view.ts';

const appointment_columns = table_columns.appointments.map((column) => `"${column}"`).join(', ');

/** What a bare `LIMIT ?` would cost is told in `range-queries.ts`. */
export const expiry_queries = {
  cancelled: `SELECT ${appointment_columns} FROM appointments
    WHERE cancelled_at IS NOT NULL ORDER BY cancelled_at, "key" LIMIT ? + 0`,
  versions: `SELECT appointment_key, version, expires_at, bytes FROM appointment_versions
    ORDER BY expires_at, appointment_key, version LIMIT ? + 0`,
  earlier_rows: `SELECT kind, "key", version, expires_at, bytes FROM earlier_rows
    ORDER BY expires_at, kind, "key", version LIMIT ? + 0`,
  notifications: 'SELECT "key", created_at FROM notifications ORDER BY "key" LIMIT ? + 0',
  deleted_groups: `SELECT "key", deleted_at FROM groups
    WHERE deleted_at IS NOT NULL ORDER BY deleted_at, "key" LIMIT ? + 0`,
  posts: 'SELECT "key" FROM posts WHERE group_key = ? ORDER BY "key" LIMIT ? + 0',
  tombstones: 'SELECT "key", expires_at FROM tombstones ORDER BY expires_at, "key" LIMIT ? + 0',
  audit: 'SELECT "key", occurred_at, chain FROM audit_logs ORDER BY "key" LIMIT ? + 0',
};

/** What expires, by the indexes that are there for it. */
export function expiryRows(database: Database): ExpiryView {
  const cancelled = database.prepare<[number], AppointmentRow>(expiry_queries.cancelled).raw();
  const versions = database.prepare<[number], VersionRow>(expiry_queries.versions);
  const tombstones = database.prepare<[number], TombstoneRow>(expiry_queries.tombstones);
  const earlier_rows = database.prepare<[number], EarlierRowRow>(expiry_queries.earlier_rows);
  const notifications = database.prepare<[number], NotificationRow>(expiry_queries.notifications);
  const deleted_groups = database.prepare<[number], DeletedGroup>(expiry_queries.deleted_groups);
  const posts = database.prepare<[Key, number], Pick<Post, 'key'>>(expiry_queries.posts);
  const people = prepareParticipationView(database);
  const audit = database.prepare<[number], AuditRow>(expiry_queries.audit);
  const versions_bytes = database
    .prepare<[], number>(
      `SELECT (SELECT coalesce(sum(bytes), 0) FROM appointment_versions)
            + (SELECT coalesce(sum(bytes), 0) FROM earlier_rows)`,
    )
    .pluck();
  return {
    firstCancelled: (limit) => cancelled.all(limit).map(cancelledOf),
    firstVersions: (limit) => versions.all(limit),
    firstTombstones: (limit) => tombstones.all(limit),
    firstEarlierRows: (limit) => earlier_rows.all(limit),
    firstNotifications: (limit) => notifications.all(limit),
    firstDeletedGroups: (limit) => deleted_groups.all(limit),
    participantsOf: (key) => people.participantsOf(key),
    proposalsOf: (key) => people.proposalsOf(key),
    objectionsOf: (key) => people.objectionsOf(key),
    firstPostsTo: (group_key, limit) => posts.all(group_key, limit),
    firstAuditRows: (limit) => audit.all(limit),
    versionsBytes: () => must(versions_bytes.get(), 'a sum of nothing'),
  };
}

type VersionRow = ReturnType<ExpiryView['firstVersions']>[number];
type EarlierRowRow = ReturnType<ExpiryView['firstEarlierRows']>[number];
type NotificationRow = ReturnType<ExpiryView['firstNotifications']>[number];
type TombstoneRow = ReturnType<ExpiryView['firstTombstones']>[number];
type AuditRow = ReturnType<ExpiryView['firstAuditRows']>[number];

function cancelledOf(row: AppointmentRow): CancelledAppointment {
  const appointment = appointmentOf(row);
  const cancelled_at = must(appointment.cancelled_at, 'cancelled at no time');
  return { ...appointment, cancelled_at };
}
