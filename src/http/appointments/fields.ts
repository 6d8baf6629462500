import type { AppointmentFields } from '../../agenda/command.ts';
import { parseId } from '../../agenda/id.ts';
import type { Key, User } from '../../agenda/model.ts';
import { ProblemError } from '../problem.ts';
import { offsetSeconds, startOfDay } from '../wall-clock.ts';
import type { AppointmentBody, Moment } from './schema.ts';

type Times = Pick<AppointmentFields, 'start' | 'end' | 'start_offset_s' | 'end_offset_s'>;

/**
 * What a command says of an appointment: defaults filled in, and everything worked out that depends on
 * zone tables. Throws `not_supported` and `not_found`.
 */
export function appointmentFields(body: AppointmentBody, owner: User): AppointmentFields {
  refuseUnsupported(body);
  const time_zone = body.time_zone ?? owner.time_zone;
  return {
    title: body.title,
    description: body.description,
    ...timesOf(body.start, body.end, time_zone),
    all_day: body.all_day,
    time_zone,
    privacy: body.privacy,
    busy: body.busy ?? !body.all_day,
    calendar_key: body.calendar_id === undefined ? null : calendarKeyOf(body.calendar_id),
  };
}

/** What no appointment can have yet. Throws `not_supported`. */
export function refuseUnsupported({ rrule }: Partial<Pick<AppointmentBody, 'rrule'>>): void {
  if (rrule === undefined || rrule === null) return;
  const detail = 'Recurring appointments are not there yet: leave rrule out.';
  throw new ProblemError({ code: 'not_supported', detail });
}

/** Dates begin and end with their days in the appointment's own zone. */
export function timesOf(start_moment: Moment, end_moment: Moment, time_zone: string): Times {
  const start = instantOf(start_moment, time_zone);
  const end = instantOf(end_moment, time_zone);
  return {
    start,
    end,
    start_offset_s: offsetSeconds(time_zone, start),
    end_offset_s: offsetSeconds(time_zone, end),
  };
}

function instantOf({ date, instant }: Moment, time_zone: string): number {
  return date === null ? instant : startOfDay(time_zone, date);
}

function calendarKeyOf(calendar_id: string): Key {
  const key = parseId('cal', calendar_id);
  if (key !== null) return key;
  throw new ProblemError({ code: 'not_found', detail: 'There is no such calendar.' });
}
