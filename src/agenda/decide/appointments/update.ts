import type { AppointmentFields, UpdateAppointment } from '../../command.ts';
import type { Appointment, Calendar } from '../../model.ts';
import type { RulesView } from '../../view.ts';
import { refuse } from '../decision.ts';
import type { DecideContext, Decision } from '../decision.ts';
import { changed, ownAppointment, unchanged } from './change.ts';
import { conflictOf } from './conflict.ts';
import { calendarFor, wrongShape } from './fields.ts';
import { must } from '../../../base/assert.ts';

/** Replaces what the owner says of an appointment; owner, group, uid and state stay. */
export function updateAppointment(
  view: RulesView,
  body: UpdateAppointment,
  context: DecideContext,
): Decision {
  const found = ownAppointment(view, body, context);
  if (!found.ok) return refuse(found.error);
  const current = found.value;
  if (body.computed_from !== null && body.computed_from !== current.version) {
    return refuse({ code: 'outdated', detail: 'It was changed meanwhile; compute it again.' });
  }
  if (current.status === 'cancelled') {
    const detail = 'The appointment is cancelled: restore it, then change it.';
    return refuse({ code: 'forbidden', detail });
  }
  const { fields } = body;
  if (fields === null) {
    const named = body.wrong.map(({ field, detail }) => `${field}: ${detail}`).slice(0, 3);
    return refuse({ code: 'invalid_request', detail: named.join('; '), errors: body.wrong });
  }
  const wrong = wrongShape(fields);
  if (wrong !== null) return refuse(wrong);
  const owner = must(context.by, 'an owner who is nobody');
  const calendar = calendarFor(view, owner, fields.calendar_key);
  if (!calendar.ok) return refuse(calendar.error);
  const wanted = replaced(current, fields, calendar.value);
  if (isSame(current, wanted)) return unchanged(current, context);
  const conflict = takesOtherTime(current, wanted)
    ? conflictOf(view, wanted, body.allow_conflict)
    : null;
  if (conflict !== null) return refuse(conflict);
  return changed(current, wanted, 'appointment.updated', context);
}

function replaced(
  current: Appointment,
  fields: AppointmentFields,
  calendar: Calendar,
): Appointment {
  return {
    ...current,
    calendar_key: calendar.key,
    title: fields.title,
    description: fields.description,
    start: fields.start,
    end: fields.end,
    all_day: fields.all_day,
    time_zone: fields.time_zone,
    start_offset_s: fields.start_offset_s,
    end_offset_s: fields.end_offset_s,
    privacy: fields.privacy,
    busy: fields.busy,
  };
}

function isSame(current: Appointment, wanted: Appointment): boolean {
  return Object.entries(current).every(
    ([name, value]) => wanted[name as keyof Appointment] === value,
  );
}

/** A change of what was busy here already, at these times, takes nothing from anybody. */
function takesOtherTime(current: Appointment, wanted: Appointment): boolean {
  const is_moved = wanted.start !== current.start || wanted.end !== current.end;
  return is_moved || !current.busy;
}
