import type { RowChange } from '../../change.ts';
import type { Appointment, Occurrence } from '../../model.ts';

/** The stretch of time that an appointment is on its owner's agenda. */
export function occurrenceOf(appointment: Appointment): Occurrence {
  return {
    person_key: appointment.owner_key,
    start: appointment.start,
    end: appointment.end,
    appointment_key: appointment.key,
    busy: appointment.busy && appointment.status !== 'cancelled',
  };
}

/** What has to be written when an appointment changes. */
export function occurrenceChanges(before: Appointment, after: Appointment): readonly RowChange[] {
  const [old, wanted] = [occurrenceOf(before), occurrenceOf(after)];
  if (old.start === wanted.start && old.end === wanted.end && old.busy === wanted.busy) return [];
  const { person_key, start, appointment_key } = old;
  return [
    { op: 'delete', table: 'occurrences', row: { person_key, start, appointment_key } },
    { op: 'insert', table: 'occurrences', row: wanted },
  ];
}
