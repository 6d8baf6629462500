import type { Database } from 'better-sqlite3';
import { must } from '../base/assert.ts';
import { table_columns } from '../agenda/change.ts';
import type { Key, Post } from '../agenda/model.ts';
import type { CancelledAppointment, DeletedGroup, ExpiryView } from '../agenda/view.ts';
import { appointmentOf } from './agenda-rows.ts';
import type { AppointmentRow } from './agenda-rows.ts';
import { prepareParticipationView } from './participation-view.ts';

const appointment_columns = table_columns.appointments.map((column) => `"${column}"`).join(', ');

/** Each in the order of an index, so that one can stop at the first row that stays. */
export const expiry_queries = {
  cancelled: `SELECT ${appointment_columns} FROM appointments
    WHERE cancelled_at IS NOT NULL ORDER BY cancelled_at, "key"`,
  versions: `SELECT appointment_key, version, expires_at, bytes FROM appointment_versions
    ORDER BY expires_at, appointment_key, version`,
  earlier_rows: `SELECT kind, "key", version, expires_at, bytes FROM earlier_rows
    ORDER BY expires_at, kind, "key", version`,
  notifications: 'SELECT "key", created_at FROM notifications ORDER BY "key"',
  deleted_groups: `SELECT "key", deleted_at FROM groups
    WHERE deleted_at IS NOT NULL ORDER BY deleted_at, "key"`,
  posts: 'SELECT "key" FROM posts WHERE group_key = ? ORDER BY "key"',
  tombstones: 'SELECT "key", expires_at FROM tombstones ORDER BY expires_at, "key"',
  audit: 'SELECT "key", occurred_at, chain FROM audit_logs ORDER BY "key"',
};

/** What expires, by the indexes that are there for it. */
export function expiryRows(database: Database): ExpiryView {
  const cancelled = database.prepare<[], AppointmentRow>(expiry_queries.cancelled).raw();
  const versions = database.prepare<[], VersionRow>(expiry_queries.versions);
  const tombstones = database.prepare<[], TombstoneRow>(expiry_queries.tombstones);
  const earlier_rows = database.prepare<[], EarlierRowRow>(expiry_queries.earlier_rows);
  const notifications = database.prepare<[], NotificationRow>(expiry_queries.notifications);
  const deleted_groups = database.prepare<[], DeletedGroup>(expiry_queries.deleted_groups);
  const posts = database.prepare<[Key], Pick<Post, 'key'>>(expiry_queries.posts);
  const people = prepareParticipationView(database);
  const audit = database.prepare<[], AuditRow>(expiry_queries.audit);
  const versions_bytes = database
    .prepare<[], number>(
      `SELECT (SELECT coalesce(sum(bytes), 0) FROM appointment_versions)
            + (SELECT coalesce(sum(bytes), 0) FROM earlier_rows)`,
    )
    .pluck();
  return {
    cancelledAppointments: () => cancelledOf(cancelled.iterate()),
    earlierVersions: () => versions.iterate(),
    tombstones: () => tombstones.iterate(),
    earlierRows: () => earlier_rows.iterate(),
    notifications: () => notifications.iterate(),
    deletedGroups: () => deleted_groups.iterate(),
    participantsOf: (key) => people.participantsOf(key),
    proposalsOf: (key) => people.proposalsOf(key),
    objectionsOf: (key) => people.objectionsOf(key),
    postsTo: (group_key) => posts.iterate(group_key),
    auditRows: () => audit.iterate(),
    versionsBytes: () => must(versions_bytes.get(), 'a sum of nothing'),
  };
}

type Item<Rows> = Rows extends Iterable<infer Row> ? Row : never;
type VersionRow = Item<ReturnType<ExpiryView['earlierVersions']>>;
type EarlierRowRow = Item<ReturnType<ExpiryView['earlierRows']>>;
type NotificationRow = Item<ReturnType<ExpiryView['notifications']>>;
type TombstoneRow = Item<ReturnType<ExpiryView['tombstones']>>;
type AuditRow = Item<ReturnType<ExpiryView['auditRows']>>;

function* cancelledOf(rows: Iterable<AppointmentRow>): Generator<CancelledAppointment, void> {
  for (const row of rows) {
    const appointment = appointmentOf(row);
    const cancelled_at = must(appointment.cancelled_at, 'cancelled at no time');
    yield { ...appointment, cancelled_at };
  }
}
