import { must } from '../../../base/assert.ts';
import { err, ok } from '../../../base/result.ts';
import type { Result } from '../../../base/result.ts';
import type { AppointmentFields, UpdateAppointment } from '../../command.ts';
import type { Appointment, Calendar, Participant } from '../../model.ts';
import type { Refusal } from '../../refusal.ts';
import type { RulesView } from '../../view.ts';
import { refuse } from '../decision.ts';
import type { DecideContext, Decision, Told } from '../decision.ts';
import { toldOf, toldToPeople } from './announce.ts';
import { changed, nextVersion, ownAppointment, unchanged } from './change.ts';
import { conflictOf } from './conflict.ts';
import { toldOfBeingOn } from './create.ts';
import { calendarFor, wrongField, wrongShape } from './fields.ts';
import { meetingOf } from './meeting.ts';
import type { Meeting } from './meeting.ts';
import { namedPeople, renamedParticipants } from './people.ts';

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
  if (current.cancelled_at !== null) {
    const detail = 'The appointment is cancelled: restore it, then change it.';
    return refuse({ code: 'forbidden', detail });
  }
  const before = meetingOf(view, current);
  const wanted = wantedMeeting(view, body, before, context);
  if (!wanted.ok) return refuse(wanted.error);
  if (isSame(before, wanted.value)) return unchanged(current, context);
  const { appointment } = wanted.value;
  const conflict = takesOtherTime(current, appointment)
    ? conflictOf(view, appointment, body.allow_conflict)
    : null;
  if (conflict !== null) return refuse(conflict);
  const after = nextVersion(current, wanted.value, context);
  const is_moved = after.appointment.sequence !== current.sequence;
  const kind = is_moved ? 'appointment.moved' : 'appointment.updated';
  return changed(view, kind, { before, after }, toldOfChange(before, after, is_moved), context);
}

function wantedMeeting(
  view: RulesView,
  body: UpdateAppointment,
  before: Meeting,
  context: DecideContext,
): Result<Meeting, Refusal> {
  const { fields } = body;
  if (fields === null) {
    const named = body.wrong.map(({ field, detail }) => `${field}: ${detail}`).slice(0, 3);
    return err({ code: 'invalid_request', detail: named.join('; '), errors: body.wrong });
  }
  const wrong = wrongShape(fields);
  if (wrong !== null) return err(wrong);
  const current = before.appointment;
  if (body.group_key !== null && body.group_key !== current.group_key) {
    return err(wrongField('group_id', 'never changes: leave it out'));
  }
  const owner = must(context.by, 'an owner who is nobody');
  const calendar = calendarFor(view, owner, fields.calendar_key, current.group_key);
  if (!calendar.ok) return calendar;
  const appointment: Appointment = {
    ...replaced(current, fields, calendar.value),
    follow_group: body.follow_group ?? current.follow_group,
  };
  if (body.participants === null) return ok({ appointment, participants: before.participants });
  const named = namedPeople(view, owner.key, body.participants);
  if (!named.ok) return named;
  const people = renamedParticipants(view, appointment, before.participants, named.value, context);
  return people.ok ? ok({ appointment, participants: people.value }) : people;
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

function isSame(before: Meeting, wanted: Meeting): boolean {
  const { participants } = before;
  const has_same_people =
    wanted.participants.length === participants.length &&
    wanted.participants.every((one, at) => one === participants[at]);
  return has_same_people && isSameAppointment(before.appointment, wanted.appointment);
}

function isSameAppointment(current: Appointment, wanted: Appointment): boolean {
  return Object.entries(current).every(
    ([name, value]) => wanted[name as keyof Appointment] === value,
  );
}

/** A change of what was busy here already, at these times, takes nothing from anybody. */
function takesOtherTime(current: Appointment, wanted: Appointment): boolean {
  const is_moved = wanted.start !== current.start || wanted.end !== current.end;
  return is_moved || !current.busy;
}

/** Those who stay on it are told of the change, others that they are on it now, or no longer. */
function toldOfChange(before: Meeting, after: Meeting, is_moved: boolean): readonly Told[] {
  const { owner_key } = after.appointment;
  const keysOf = (people: readonly Participant[]) => new Set(people.map(({ key }) => key));
  const [old_keys, new_keys] = [keysOf(before.participants), keysOf(after.participants)];
  const stay = after.participants.filter(({ key }) => old_keys.has(key));
  const joined = after.participants.filter(({ key }) => !old_keys.has(key));
  const left = before.participants.filter(
    ({ key, status }) => !new_keys.has(key) && status !== 'declined',
  );
  const is_of_concern = is_moved || !isSameButCalendar(before.appointment, after.appointment);
  const type = is_moved ? 'appointment_moved' : 'appointment_updated';
  const staying: Meeting = { appointment: after.appointment, participants: stay };
  return [
    ...(is_of_concern ? toldToPeople(staying, type, owner_key) : []),
    ...joined.map((one) => toldOfBeingOn(after, one)),
    ...left.map(({ user_key }) => toldOf(after, user_key, 'appointment_cancelled', owner_key)),
  ];
}

/** Whether all is as it was that people on it see, but for what every version has of its own. */
function isSameButCalendar(before: Appointment, after: Appointment): boolean {
  const { title, description, all_day, time_zone, privacy, busy } = before;
  return (
    after.title === title &&
    after.description === description &&
    after.all_day === all_day &&
    after.time_zone === time_zone &&
    after.privacy === privacy &&
    after.busy === busy
  );
}
