import type { RowChange } from '../../change.ts';
import type { Appointment, AppointmentStatus, Key, Participant } from '../../model.ts';
import { versionBefore } from '../../appointment-version.ts';
import type { RulesView } from '../../view.ts';
import type { DecideContext } from '../decision.ts';
import { keepEarlier } from '../earlier.ts';
import { occurrenceChanges } from './occurrence.ts';

/** An appointment and everybody on it but its owner. */
export interface Meeting {
  readonly appointment: Appointment;
  /** In the order in which they came. */
  readonly participants: readonly Participant[];
}

export function meetingOf(view: RulesView, appointment: Appointment): Meeting {
  return { appointment, participants: view.participation.participantsOf(appointment.key) };
}

/**
 * The state of the whole: `declined` if every required person declined, `accepted` once every required
 * person accepted or was placed; with nobody required it is accepted.
 */
export function statusOf({ appointment, participants }: Meeting): AppointmentStatus {
  if (appointment.cancelled_at !== null) return 'cancelled';
  const required = participants.filter((one) => !one.is_optional);
  if (required.length === 0) return 'accepted';
  if (required.every(({ status }) => status === 'declined')) return 'declined';
  const all_come = required.every(({ status }) => status === 'accepted' || status === 'auto');
  return all_come ? 'accepted' : 'pending';
}

/** The rows that make `after` of `before` (null: there was none), the status of the whole included. */
export function meetingChanges(
  before: Meeting | null,
  after: Meeting,
  context: DecideContext,
): RowChange[] {
  return [
    ...appointmentChanges(before?.appointment ?? null, after.appointment, context),
    ...participantChanges(before?.participants ?? [], after.participants, context),
    ...occurrenceChanges(before, after),
  ];
}

function appointmentChanges(
  before: Appointment | null,
  after: Appointment,
  context: DecideContext,
): RowChange[] {
  if (before === null) return [{ op: 'insert', table: 'appointments', row: after }];
  if (before.version === after.version && before.status === after.status) return [];
  const update: RowChange = { op: 'update', table: 'appointments', row: after };
  if (before.version === after.version) return [update];
  const row = versionBefore(before, context.state_time);
  return [{ op: 'insert', table: 'appointment_versions', row }, update];
}

function participantChanges(
  before: readonly Participant[],
  after: readonly Participant[],
  context: DecideContext,
): RowChange[] {
  const changes: RowChange[] = [];
  const old = new Map<Key, Participant>(before.map((one) => [one.key, one]));
  for (const row of after) {
    const current = old.get(row.key);
    old.delete(row.key);
    if (current === undefined) {
      changes.push({ op: 'insert', table: 'participants', row });
    } else if (current !== row) {
      changes.push(keepEarlier('participant', current, context));
      changes.push({ op: 'update', table: 'participants', row });
    }
  }
  for (const row of old.values()) {
    changes.push(keepEarlier('participant', row, context));
    changes.push({ op: 'delete', table: 'participants', row: { key: row.key } });
  }
  return changes;
}

/** The next version of a participation. */
export function participantWith(
  current: Participant,
  changes: Partial<Pick<Participant, 'status' | 'note' | 'is_optional' | 'by_group' | 'by_name'>>,
  { origin_node, state_time }: DecideContext,
): Participant {
  return {
    ...current,
    ...changes,
    version: current.version + 1,
    origin_node,
    updated_at: state_time,
  };
}

/** With the status that follows from its people; not a version of its own: answers make none. */
export function withStatus(meeting: Meeting, context: DecideContext): Meeting {
  const status = statusOf(meeting);
  const { appointment, participants } = meeting;
  if (status === appointment.status) return meeting;
  return { appointment: { ...appointment, status, changed_index: context.index }, participants };
}
