import type { AuditRow } from './audit.ts';
import type { Appointment, Calendar, Occurrence, User } from './model.ts';

/** The tables that commands change, and what a row of each holds. */
interface TableRows {
  readonly users: User;
  readonly calendars: Calendar;
  readonly appointments: Appointment;
  readonly occurrences: Occurrence;
  readonly audit_logs: AuditRow;
}

export type TableName = keyof TableRows;
/** Tables whose rows may be written again; the others only grow. */
type UpdatableTable = 'users' | 'calendars' | 'appointments';

/** One row to write, whole. An update replaces the row with the same key, which must be there. */
export type RowChange =
  | {
      readonly [T in TableName]: {
        readonly op: 'insert';
        readonly table: T;
        readonly row: TableRows[T];
      };
    }[TableName]
  | {
      readonly [T in UpdatableTable]: {
        readonly op: 'update';
        readonly table: T;
        readonly row: TableRows[T];
      };
    }[UpdatableTable];

export type ColumnValue = number | string | boolean | null;

/** The compiler refuses a row with a field that is missing here. */
function columnsOf<Row>(columns: Readonly<Record<keyof Row & string, true>>): readonly string[] {
  return Object.keys(columns);
}

/**
 * The columns of each table in their fixed order: that of the digest. Columns that come later go to the
 * end, with a feature level, because the order is part of what replicas compare.
 */
export const table_columns: { readonly [T in TableName]: readonly string[] } = {
  users: columnsOf<User>({
    key: true,
    username: true,
    username_folded: true,
    email: true,
    email_folded: true,
    display_name: true,
    password_hash: true,
    token_version: true,
    token_version_index: true,
    time_zone: true,
    locale: true,
    share_busy: true,
    version: true,
    origin_node: true,
    created_at: true,
    updated_at: true,
  }),
  calendars: columnsOf<Calendar>({
    key: true,
    owner_key: true,
    is_default: true,
    version: true,
    origin_node: true,
    created_at: true,
    updated_at: true,
  }),
  appointments: columnsOf<Appointment>({
    key: true,
    owner_key: true,
    calendar_key: true,
    uid: true,
    title: true,
    description: true,
    start: true,
    end: true,
    all_day: true,
    time_zone: true,
    privacy: true,
    busy: true,
    status: true,
    sequence: true,
    version: true,
    changed_index: true,
    origin_node: true,
    created_at: true,
    updated_at: true,
  }),
  occurrences: columnsOf<Occurrence>({
    person_key: true,
    start: true,
    end: true,
    appointment_key: true,
    busy: true,
  }),
  audit_logs: columnsOf<AuditRow>({
    key: true,
    component: true,
    action: true,
    actor_key: true,
    object_key: true,
    request_id: true,
    origin_node: true,
    occurred_at: true,
  }),
};

/** Appends the row's values to `into`, in the order of {@link table_columns}. */
export function pushRowValues(change: RowChange, into: ColumnValue[]): void {
  const row = change.row as unknown as Readonly<Record<string, ColumnValue>>;
  for (const column of table_columns[change.table]) into.push(row[column] as ColumnValue);
}
