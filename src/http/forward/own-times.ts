import type { AppointmentFields } from '../../agenda/command.ts';
import type { Appointment } from '../../agenda/model.ts';
import type { AgendaView } from '../../agenda/view.ts';
import { timesOf } from '../appointments/fields.ts';
import { presentTimes } from '../present/times.ts';
import type { AdmittedBody } from './admit-body.ts';

type Timed = Pick<
  AppointmentFields,
  'start' | 'end' | 'start_offset_s' | 'end_offset_s' | 'all_day' | 'time_zone'
>;

const date = /^\d{4}-\d{2}-\d{2}$/;

/**
 * A command with the times that this replica's zone table makes of it. An appointment that keeps its times
 * keeps those that were worked out when it got them. Null: dates that are none.
 */
export function withOwnTimes(body: AdmittedBody, view: AgendaView): AdmittedBody | null {
  if (body.kind === 'appointment.create' || body.kind === 'appointment.propose') {
    const times = ownTimes(body);
    return times === null ? null : { ...body, ...times };
  }
  if (body.kind === 'appointment.update' && body.fields !== null) {
    const { fields, appointment_key } = body;
    if (keepsTimes(fields, view.appointmentByKey(appointment_key))) return body;
    const times = ownTimes(fields);
    return times === null ? null : { ...body, fields: { ...fields, ...times } };
  }
  return body;
}

function ownTimes(fields: Timed): Omit<Timed, 'all_day' | 'time_zone'> | null {
  const { start, end, all_day, time_zone } = fields;
  if (!all_day) {
    return timesOf({ date: null, instant: start }, { date: null, instant: end }, time_zone);
  }
  const shown = presentTimes(fields);
  if (!date.test(shown.start) || !date.test(shown.end)) return null;
  return timesOf(
    { date: shown.start, instant: start },
    { date: shown.end, instant: end },
    time_zone,
  );
}

function keepsTimes(fields: Timed, current: Appointment | null): boolean {
  return (
    current !== null &&
    fields.start === current.start &&
    fields.end === current.end &&
    fields.start_offset_s === current.start_offset_s &&
    fields.end_offset_s === current.end_offset_s &&
    fields.all_day === current.all_day &&
    fields.time_zone === current.time_zone
  );
}
