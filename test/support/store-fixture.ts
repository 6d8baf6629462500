import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import type { RowChange } from '../../src/agenda/change.ts';
import type { Appointment, Calendar, Key, User } from '../../src/agenda/model.ts';
import type { AgendaRange } from '../../src/agenda/view.ts';
import { openAgendaStore } from '../../src/storage/agenda-store.ts';
import type { SqliteAgendaStore } from '../../src/storage/agenda-store.ts';
import { HOUR_MS, MIDNIGHT, STORAGE_ID } from './agenda-fixture.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const directory = temporaryDirectory('agenda-store');
afterAll(directory.remove);

export function newPath(): string {
  return join(mkdtempSync(join(directory.path, 'store-')), 'agenda.db');
}

export function opened<T>(use: (store: SqliteAgendaStore, path: string) => T): T {
  const path = newPath();
  const { store } = openAgendaStore({ path, storage_id: STORAGE_ID });
  try {
    return use(store, path);
  } finally {
    store.close();
  }
}

export const ana: User = {
  key: 4096,
  username: 'Ana',
  username_folded: 'ana',
  email: 'Ana@example.org',
  email_folded: 'ana@example.org',
  display_name: 'Ana 😀',
  display_name_folded: 'ana 😀',
  password_hash: 'hash',
  token_version: 3,
  token_version_index: 2,
  time_zone: 'Europe/Madrid',
  locale: 'es',
  share_busy: true,
  version: 5,
  origin_node: 'agenda-1',
  created_at: 6,
  updated_at: 7,
};

export const calendar: Calendar = {
  key: 4097,
  owner_key: ana.key,
  is_default: true,
  version: 1,
  origin_node: 'agenda-1',
  created_at: 2,
  updated_at: 3,
};

export const appointment: Appointment = {
  key: 8192,
  owner_key: ana.key,
  calendar_key: calendar.key,
  uid: null,
  title: 'Title',
  description: 'Description',
  start: MIDNIGHT,
  end: MIDNIGHT + HOUR_MS,
  all_day: false,
  time_zone: 'Europe/Madrid',
  start_offset_s: 3_600,
  end_offset_s: 7_200,
  privacy: 'freebusy',
  busy: true,
  status: 'accepted',
  sequence: 4,
  version: 5,
  changed_index: 6,
  origin_node: 'agenda-1',
  created_at: 8,
  updated_at: 9,
  cancelled_at: null,
  remembered_until: 10,
  group_key: 11,
  follow_group: false,
  version_status: 'pending',
};

/** An appointment with its occurrence on Ana's agenda. */
export function booked(changes: Partial<Appointment>, agenda_key: Key = ana.key): RowChange[] {
  const row = { ...appointment, ...changes };
  const { start, end, key: appointment_key } = row;
  const busy = row.busy && row.cancelled_at === null;
  return [
    { op: 'insert', table: 'appointments', row },
    {
      op: 'insert',
      table: 'occurrences',
      row: { agenda_key, start, end, appointment_key, busy, status: 'accepted' },
    },
  ];
}

export function write(store: SqliteAgendaStore, changes: readonly RowChange[]): void {
  store.transaction(() => store.write(changes));
}

export function rangeOf(start: number, end: number, more: Partial<AgendaRange> = {}): AgendaRange {
  return {
    start,
    end,
    after: null,
    with_cancelled: false,
    with_declined: false,
    limit: 10,
    ...more,
  };
}
