import type { AuditRow, AuditSource } from './audit.ts';
import type {
  Appointment,
  AppointmentVersion,
  Calendar,
  EarlierRow,
  Group,
  Member,
  Notification,
  Objection,
  Occurrence,
  Participant,
  Post,
  Proposal,
  Tombstone,
  User,
  Work,
} from './model.ts';

/** The tables that commands change, and what a row of each holds. */
interface TableRows {
  readonly users: User;
  readonly calendars: Calendar;
  readonly appointments: Appointment;
  readonly appointment_versions: AppointmentVersion;
  readonly occurrences: Occurrence;
  readonly tombstones: Tombstone;
  readonly audit_logs: AuditRow;
  readonly participants: Participant;
  readonly proposals: Proposal;
  readonly objections: Objection;
  readonly groups: Group;
  readonly members: Member;
  readonly notifications: Notification;
  readonly posts: Post;
  readonly work: Work;
  readonly earlier_rows: EarlierRow;
  readonly audit_sources: AuditSource;
}

export type TableName = keyof TableRows;

/** Tables whose rows may be written again. */
export const updatable_tables = [
  'users',
  'calendars',
  'appointments',
  'participants',
  'proposals',
  'objections',
  'groups',
  'members',
  'notifications',
  'work',
  'audit_sources',
] as const;
type UpdatableTable = (typeof updatable_tables)[number];

/** Tables whose rows may go, and by what a row is found. */
interface RowKeys {
  readonly appointments: Pick<Appointment, 'key'>;
  readonly appointment_versions: Pick<AppointmentVersion, 'appointment_key' | 'version'>;
  readonly occurrences: Pick<Occurrence, 'agenda_key' | 'start' | 'appointment_key'>;
  readonly tombstones: Pick<Tombstone, 'key'>;
  readonly participants: Pick<Participant, 'key'>;
  readonly proposals: Pick<Proposal, 'key'>;
  readonly objections: Pick<Objection, 'key'>;
  readonly groups: Pick<Group, 'key'>;
  readonly members: Pick<Member, 'key'>;
  readonly notifications: Pick<Notification, 'key'>;
  readonly posts: Pick<Post, 'key'>;
  readonly work: Pick<Work, 'key'>;
  readonly earlier_rows: Pick<EarlierRow, 'kind' | 'key' | 'version'>;
  readonly audit_logs: Pick<AuditRow, 'key'>;
  readonly audit_sources: Pick<AuditSource, 'key'>;
}

export type DeletableTable = keyof RowKeys;

/**
 * One row to write, whole, or to delete. An update replaces the row with the same key, which must be there;
 * so must a row that is deleted.
 */
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
    }[UpdatableTable]
  | {
      readonly [T in DeletableTable]: {
        readonly op: 'delete';
        readonly table: T;
        readonly row: RowKeys[T];
      };
    }[DeletableTable];

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
    display_name_folded: true,
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
    start_offset_s: true,
    end_offset_s: true,
    privacy: true,
    busy: true,
    status: true,
    sequence: true,
    version: true,
    changed_index: true,
    origin_node: true,
    created_at: true,
    updated_at: true,
    cancelled_at: true,
    remembered_until: true,
    group_key: true,
    follow_group: true,
    version_status: true,
  }),
  appointment_versions: columnsOf<AppointmentVersion>({
    appointment_key: true,
    version: true,
    expires_at: true,
    bytes: true,
    calendar_key: true,
    title: true,
    description: true,
    start: true,
    end: true,
    all_day: true,
    time_zone: true,
    start_offset_s: true,
    end_offset_s: true,
    privacy: true,
    busy: true,
    status: true,
    sequence: true,
    origin_node: true,
    updated_at: true,
  }),
  occurrences: columnsOf<Occurrence>({
    agenda_key: true,
    start: true,
    end: true,
    appointment_key: true,
    busy: true,
    status: true,
  }),
  tombstones: columnsOf<Tombstone>({
    key: true,
    calendar_key: true,
    uid: true,
    changed_index: true,
    expires_at: true,
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
    level: true,
    payload: true,
    payload_hash: true,
    count: true,
    chain: true,
  }),
  audit_sources: columnsOf<AuditSource>({
    key: true,
    node_id: true,
    run_id: true,
    last_id: true,
    changed_index: true,
    version: true,
  }),
  participants: columnsOf<Participant>({
    key: true,
    appointment_key: true,
    user_key: true,
    status: true,
    is_optional: true,
    by_group: true,
    by_name: true,
    note: true,
    version: true,
    origin_node: true,
    created_at: true,
    updated_at: true,
  }),
  proposals: columnsOf<Proposal>({
    key: true,
    appointment_key: true,
    user_key: true,
    start: true,
    end: true,
    start_offset_s: true,
    end_offset_s: true,
    all_day: true,
    time_zone: true,
    note: true,
    sequence: true,
    status: true,
    version: true,
    origin_node: true,
    created_at: true,
    updated_at: true,
  }),
  objections: columnsOf<Objection>({
    key: true,
    appointment_key: true,
    user_key: true,
    note: true,
    version: true,
    origin_node: true,
    created_at: true,
    updated_at: true,
  }),
  groups: columnsOf<Group>({
    key: true,
    name: true,
    description: true,
    group_type: true,
    creator_key: true,
    version: true,
    origin_node: true,
    created_at: true,
    updated_at: true,
    deleted_at: true,
  }),
  members: columnsOf<Member>({
    key: true,
    group_key: true,
    user_key: true,
    rank: true,
    added_by: true,
    joined_at: true,
    version: true,
    origin_node: true,
    updated_at: true,
  }),
  notifications: columnsOf<Notification>({
    key: true,
    user_key: true,
    number: true,
    type: true,
    actor_key: true,
    subject_key: true,
    group_key: true,
    appointment_key: true,
    proposal_key: true,
    post_key: true,
    read_at: true,
    version: true,
    origin_node: true,
    created_at: true,
  }),
  posts: columnsOf<Post>({
    key: true,
    author_key: true,
    group_key: true,
    content: true,
    version: true,
    origin_node: true,
    created_at: true,
  }),
  work: columnsOf<Work>({
    key: true,
    kind: true,
    group_key: true,
    user_key: true,
    actor_key: true,
    after_start: true,
    after_key: true,
    version: true,
    origin_node: true,
    created_at: true,
  }),
  earlier_rows: columnsOf<EarlierRow>({
    kind: true,
    key: true,
    version: true,
    expires_at: true,
    bytes: true,
    content: true,
  }),
};

/** By which columns a row is found that is deleted, in their fixed order. */
export const key_columns: { readonly [T in DeletableTable]: readonly string[] } = {
  appointments: columnsOf<RowKeys['appointments']>({ key: true }),
  appointment_versions: columnsOf<RowKeys['appointment_versions']>({
    appointment_key: true,
    version: true,
  }),
  occurrences: columnsOf<RowKeys['occurrences']>({
    agenda_key: true,
    start: true,
    appointment_key: true,
  }),
  tombstones: columnsOf<RowKeys['tombstones']>({ key: true }),
  participants: columnsOf<RowKeys['participants']>({ key: true }),
  proposals: columnsOf<RowKeys['proposals']>({ key: true }),
  objections: columnsOf<RowKeys['objections']>({ key: true }),
  groups: columnsOf<RowKeys['groups']>({ key: true }),
  members: columnsOf<RowKeys['members']>({ key: true }),
  notifications: columnsOf<RowKeys['notifications']>({ key: true }),
  posts: columnsOf<RowKeys['posts']>({ key: true }),
  work: columnsOf<RowKeys['work']>({ key: true }),
  earlier_rows: columnsOf<RowKeys['earlier_rows']>({ kind: true, key: true, version: true }),
  audit_logs: columnsOf<RowKeys['audit_logs']>({ key: true }),
  audit_sources: columnsOf<RowKeys['audit_sources']>({ key: true }),
};

/** Appends the row's values to `into`, in the order of its columns; of a deleted row, its key's. */
export function pushRowValues(change: RowChange, into: ColumnValue[]): void {
  const row = change.row as unknown as Readonly<Record<string, ColumnValue>>;
  const columns = change.op === 'delete' ? key_columns[change.table] : table_columns[change.table];
  for (const column of columns) into.push(row[column] as ColumnValue);
}
