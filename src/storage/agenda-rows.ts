import type { Appointment, Calendar, User } from '../agenda/model.ts';

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
    password_hash: row[6],
    token_version: row[7],
    token_version_index: row[8],
    time_zone: row[9],
    locale: row[10],
    share_busy: row[11] === 1,
    version: row[12],
    origin_node: row[13],
    created_at: row[14],
    updated_at: row[15],
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
  privacy: Appointment['privacy'],
  busy: Flag,
  status: Appointment['status'],
  sequence: number,
  version: number,
  changed_index: number,
  origin_node: string,
  created_at: number,
  updated_at: number,
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
    privacy: row[10],
    busy: row[11] === 1,
    status: row[12],
    sequence: row[13],
    version: row[14],
    changed_index: row[15],
    origin_node: row[16],
    created_at: row[17],
    updated_at: row[18],
  };
}
