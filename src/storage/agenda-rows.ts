import type { Appointment, AppointmentVersion, Calendar, User } from '../agenda/model.ts';

/**
 * Rows as better-sqlite3 gives them fastest: without names, in the order of `table_columns`. SQLite has
 * no booleans.
 */
type Flag = 0 | 1;

export type UserRow = readonly [
  key: number,
  username: string,
  username_folded: string,
  email: string,
  email_folded: string,
  display_name: string,
  display_name_folded: string,
  password_hash: string,
  token_version: number,
  token_version_index: number,
  time_zone: string,
  locale: string,
  share_busy: Flag,
  version: number,
  origin_node: string,
  created_at: number,
  updated_at: number,
];

export function userOf(row: UserRow): User {
  return {
    key: row[0],
    username: row[1],
    username_folded: row[2],
    email: row[3],
    email_folded: row[4],
    display_name: row[5],
    display_name_folded: row[6],
    password_hash: row[7],
    token_version: row[8],
    token_version_index: row[9],
    time_zone: row[10],
    locale: row[11],
    share_busy: row[12] === 1,
    version: row[13],
    origin_node: row[14],
    created_at: row[15],
    updated_at: row[16],
  };
}

export type CalendarRow = readonly [
  key: number,
  owner_key: number,
  is_default: Flag,
  version: number,
  origin_node: string,
  created_at: number,
  updated_at: number,
];

export function calendarOf(row: CalendarRow): Calendar {
  return {
    key: row[0],
    owner_key: row[1],
    is_default: row[2] === 1,
    version: row[3],
    origin_node: row[4],
    created_at: row[5],
    updated_at: row[6],
  };
}

export type AppointmentRow = readonly [
  key: number,
  owner_key: number,
  calendar_key: number,
  uid: string | null,
  title: string,
  description: string,
  start: number,
  end: number,
  all_day: Flag,
  time_zone: string,
  start_offset_s: number,
  end_offset_s: number,
  privacy: Appointment['privacy'],
  busy: Flag,
  status: Appointment['status'],
  sequence: number,
  version: number,
  changed_index: number,
  origin_node: string,
  created_at: number,
  updated_at: number,
  cancelled_at: number | null,
  remembered_until: number | null,
  group_key: number | null,
  follow_group: Flag,
  version_status: Appointment['version_status'],
];

export function appointmentOf(row: AppointmentRow): Appointment {
  return {
    key: row[0],
    owner_key: row[1],
    calendar_key: row[2],
    uid: row[3],
    title: row[4],
    description: row[5],
    start: row[6],
    end: row[7],
    all_day: row[8] === 1,
    time_zone: row[9],
    start_offset_s: row[10],
    end_offset_s: row[11],
    privacy: row[12],
    busy: row[13] === 1,
    status: row[14],
    sequence: row[15],
    version: row[16],
    changed_index: row[17],
    origin_node: row[18],
    created_at: row[19],
    updated_at: row[20],
    cancelled_at: row[21],
    remembered_until: row[22],
    group_key: row[23],
    follow_group: row[24] === 1,
    version_status: row[25],
  };
}

export type AppointmentVersionRow = readonly [
  appointment_key: number,
  version: number,
  expires_at: number,
  bytes: number,
  calendar_key: number,
  title: string,
  description: string,
  start: number,
  end: number,
  all_day: Flag,
  time_zone: string,
  start_offset_s: number,
  end_offset_s: number,
  privacy: Appointment['privacy'],
  busy: Flag,
  status: Appointment['status'],
  sequence: number,
  origin_node: string,
  updated_at: number,
];

export function appointmentVersionOf(row: AppointmentVersionRow): AppointmentVersion {
  return {
    appointment_key: row[0],
    version: row[1],
    expires_at: row[2],
    bytes: row[3],
    calendar_key: row[4],
    title: row[5],
    description: row[6],
    start: row[7],
    end: row[8],
    all_day: row[9] === 1,
    time_zone: row[10],
    start_offset_s: row[11],
    end_offset_s: row[12],
    privacy: row[13],
    busy: row[14] === 1,
    status: row[15],
    sequence: row[16],
    origin_node: row[17],
    updated_at: row[18],
  };
}
