import type { CreateAppointment } from '../../command.ts';
import type { Appointment, Calendar, User } from '../../model.ts';
import type { RulesView } from '../../view.ts';
import { refuse } from '../decision.ts';
import type { DecideContext, Decision } from '../decision.ts';
import { conflictOf } from './conflict.ts';
import { calendarFor, wrongShape } from './fields.ts';
import { occurrenceOf } from './occurrence.ts';

/** A personal appointment: nobody is required to answer, so the whole is accepted at once. */
export function createAppointment(
  view: RulesView,
  body: CreateAppointment,
  context: DecideContext,
): Decision {
  const owner = context.by;
  if (owner === null) {
    return refuse({ code: 'unauthenticated', detail: 'Log in to create an appointment.' });
  }
  const wrong = wrongShape(body);
  if (wrong !== null) return refuse(wrong);
  const calendar = calendarFor(view, owner, body.calendar_key);
  if (!calendar.ok) return refuse(calendar.error);
  const appointment = newAppointment(body, owner, calendar.value, context);
  const conflict = conflictOf(view, appointment, body.allow_conflict);
  if (conflict !== null) return refuse(conflict);
  const { key, version } = appointment;
  return {
    kind: 'done',
    changes: [
      { op: 'insert', table: 'appointments', row: appointment },
      { op: 'insert', table: 'occurrences', row: occurrenceOf(appointment) },
    ],
    answer: { kind: 'appointment', key, version },
    consequences: [],
    events: [{ kind: 'appointment.created', key, version, audience: [owner.key] }],
  };
}

function newAppointment(
  body: CreateAppointment,
  owner: User,
  calendar: Calendar,
  context: DecideContext,
): Appointment {
  return {
    key: context.nextKey(),
    owner_key: owner.key,
    calendar_key: calendar.key,
    uid: null,
    title: body.title,
    description: body.description,
    start: body.start,
    end: body.end,
    all_day: body.all_day,
    time_zone: body.time_zone,
    start_offset_s: body.start_offset_s,
    end_offset_s: body.end_offset_s,
    privacy: body.privacy,
    busy: body.busy,
    status: 'accepted',
    sequence: 0,
    version: 1,
    changed_index: context.index,
    origin_node: context.origin_node,
    created_at: context.state_time,
    updated_at: context.state_time,
    cancelled_at: null,
    remembered_until: context.remembered_until,
  };
}
