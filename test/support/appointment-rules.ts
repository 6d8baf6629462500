import type { RowChange } from '../../src/agenda/change.ts';
import type { AppointmentFields, CommandBody } from '../../src/agenda/command.ts';
import { decideCommand } from '../../src/agenda/decide/decide-command.ts';
import type { CommandDecision } from '../../src/agenda/decide/decide-command.ts';
import { decide } from '../../src/agenda/decide/decide.ts';
import { occurrencesOf } from '../../src/agenda/decide/appointments/occurrence.ts';
import type { Appointment, Calendar, User } from '../../src/agenda/model.ts';
import type { RulesView } from '../../src/agenda/view.ts';
import { appointmentBody, fieldsOf, HOUR_MS, MIDNIGHT } from './agenda-fixture.ts';
import { empty_view } from './empty-view.ts';

export const STATE_TIME = MIDNIGHT;

function userOf(key: number): User {
  return {
    key,
    username: `user-${key}`,
    username_folded: `user-${key}`,
    email: `${key}@example.org`,
    email_folded: `${key}@example.org`,
    display_name: 'Somebody',
    display_name_folded: 'somebody',
    password_hash: 'hash',
    token_version: 1,
    token_version_index: 1,
    time_zone: 'Europe/Madrid',
    locale: 'es',
    share_busy: true,
    version: 1,
    origin_node: 'agenda-1',
    created_at: 1,
    updated_at: 1,
  };
}

export const ana = userOf(4096);
export const ben = userOf(8192);
export const calendar: Calendar = {
  key: 4097,
  owner_key: ana.key,
  is_default: true,
  version: 1,
  origin_node: 'agenda-1',
  created_at: 1,
  updated_at: 1,
};
export const second: Calendar = { ...calendar, key: 4098, is_default: false };
export const calendar_of_ben: Calendar = { ...calendar, key: 8193, owner_key: ben.key };

const fields: AppointmentFields = fieldsOf(appointmentBody());

/** From 10:00 to 11:00, changed twice before. */
export const current: Appointment = {
  ...fields,
  key: 12_288,
  owner_key: ana.key,
  calendar_key: calendar.key,
  uid: null,
  status: 'accepted',
  sequence: 1,
  version: 3,
  changed_index: 5,
  origin_node: 'agenda-1',
  created_at: 2_000,
  updated_at: 3_000,
  cancelled_at: null,
  remembered_until: null,
  group_key: null,
  follow_group: true,
  version_status: 'accepted',
};

export function cancelledAt(cancelled_at: number): Appointment {
  return { ...current, status: 'cancelled', cancelled_at };
}

/** On Ana's agenda from 12:00 to 13:00. */
export const other: Appointment = {
  ...current,
  key: 16_384,
  start: MIDNIGHT + 12 * HOUR_MS,
  end: MIDNIGHT + 13 * HOUR_MS,
};

function viewOf(appointments: readonly Appointment[]): RulesView {
  const calendars = [calendar, second, calendar_of_ben];
  return {
    userByKey: (key) => [ana, ben].find((user) => user.key === key) ?? null,
    userByFoldedUsername: () => null,
    userByFoldedEmail: () => null,
    calendarByKey: (key) => calendars.find((one) => one.key === key) ?? null,
    defaultCalendarOf: (key) =>
      calendars.find((one) => one.owner_key === key && one.is_default) ?? null,
    appointmentByKey: (key) => appointments.find((one) => one.key === key) ?? null,
    busyOverlapping: (agenda_key, { start, end, except_key }, limit) =>
      appointments
        .flatMap((appointment) => occurrencesOf({ appointment, participants: [] }))
        .filter((one) => one.agenda_key === agenda_key && one.busy)
        .filter((one) => one.start < end && one.end > start)
        .map((one) => one.appointment_key)
        .filter((key) => key !== except_key)
        .slice(0, limit),
    ...empty_view,
  };
}

export interface Given {
  readonly by?: User | null;
  readonly appointments?: readonly Appointment[];
  readonly remember_ms?: number;
  readonly state_time?: number;
}

export function decided(body: CommandBody, given: Given = {}): CommandDecision {
  const { by = ana, appointments = [current, other], remember_ms, state_time } = given;
  const remember =
    remember_ms === undefined
      ? null
      : { scope_hash: '00'.repeat(32), fingerprint: '11'.repeat(32), ttl_ms: remember_ms };
  return decideCommand(
    viewOf(appointments),
    {
      version: 1,
      at: STATE_TIME,
      by: by?.key ?? null,
      token_version: 1,
      origin_node: 'agenda-2',
      request_id: 'request-1',
      remember,
      body,
    },
    by,
    { index: 9, state_time: state_time ?? STATE_TIME },
    decide,
  );
}

interface Update {
  readonly if_match?: readonly number[] | null;
  readonly computed_from?: number | null;
  readonly allow_conflict?: boolean;
}

export function update(changes: Partial<AppointmentFields>, more: Update = {}, given: Given = {}) {
  return decided(
    {
      kind: 'appointment.update',
      appointment_key: current.key,
      if_match: null,
      computed_from: null,
      fields: { ...fields, ...changes },
      group_key: null,
      participants: null,
      follow_group: null,
      wrong: [],
      allow_conflict: false,
      ...more,
    },
    given,
  );
}

export function cancel(
  given: Given = {},
  if_match: readonly number[] | null = null,
): CommandDecision {
  return decided({ kind: 'appointment.cancel', appointment_key: current.key, if_match }, given);
}

export function restore(given: Given, allow_conflict = false): CommandDecision {
  return decided(
    {
      kind: 'appointment.restore',
      appointment_key: current.key,
      if_match: null,
      allow_conflict,
    },
    given,
  );
}

export function refusalCode(decision: CommandDecision): string | null {
  return decision.kind === 'refused' ? decision.refusal.code : null;
}

/** What it writes, but for the row of audit. */
export function changesOf(decision: CommandDecision): readonly RowChange[] {
  if (decision.kind === 'refused') throw new Error(decision.refusal.detail);
  return decision.changes.filter((change) => change.table !== 'audit_logs');
}

export function rowAfter(decision: CommandDecision): Appointment {
  const change = changesOf(decision).find((one) => one.table === 'appointments');
  if (change?.op !== 'update' || change.table !== 'appointments') throw new Error('not updated');
  return change.row;
}
