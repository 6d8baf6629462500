import type { CreateAppointment } from '../../command.ts';
import type { Appointment, Calendar, Participant, User } from '../../model.ts';
import type { RulesView } from '../../view.ts';
import { refuse } from '../decision.ts';
import type { DecideContext, Decision, Told } from '../decision.ts';
import { announce, toldOf } from './announce.ts';
import { log_in_first } from './change.ts';
import { conflictOf } from './conflict.ts';
import { calendarFor, wrongShape } from './fields.ts';
import { meetingChanges, statusOf } from './meeting.ts';
import type { Meeting } from './meeting.ts';
import { namedPeople, newParticipants } from './people.ts';

/** A personal appointment, with or without invited people, or one of a group. */
export function createAppointment(
  view: RulesView,
  body: CreateAppointment,
  context: DecideContext,
): Decision {
  const owner = context.by;
  if (owner === null) return refuse(log_in_first);
  const wrong = wrongShape(body);
  if (wrong !== null) return refuse(wrong);
  const { group_key } = body;
  if (group_key !== null && view.groups.memberOf(group_key, owner.key) === null) {
    return refuse({ code: 'not_found', detail: 'There is no such group.' });
  }
  const calendar = calendarFor(view, owner, body.calendar_key, group_key);
  if (!calendar.ok) return refuse(calendar.error);
  const named = namedPeople(view, owner.key, body.participants);
  if (!named.ok) return refuse(named.error);
  const appointment = newAppointment(body, owner, calendar.value, context);
  const is_shared = group_key !== null || named.value.size > 0;
  // The key of the owner's participation, which follows from the appointment and is not stored.
  if (is_shared) context.nextKey();
  const participants = newParticipants(view, appointment, named.value, context);
  if (!participants.ok) return refuse(participants.error);
  const conflict = conflictOf(view, appointment, body.allow_conflict);
  if (conflict !== null) return refuse(conflict);
  const status = statusOf({ appointment, participants: participants.value });
  const meeting: Meeting = {
    appointment: { ...appointment, status, version_status: status },
    participants: participants.value,
  };
  const { key, version } = appointment;
  return {
    kind: 'done',
    changes: meetingChanges(null, meeting, context),
    answer: { kind: 'appointment', key, version },
    consequences: [],
    events: announce(view, 'appointment.created', { before: null, after: meeting }),
    told: participants.value.map((one) => toldOfBeingOn(meeting, one)),
  };
}

/** That somebody is on it now: placed, or asked. */
export function toldOfBeingOn(meeting: Meeting, { user_key, status }: Participant): Told {
  const type = status === 'auto' ? 'placed' : 'invited';
  return toldOf(meeting, user_key, type, meeting.appointment.owner_key);
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
    group_key: body.group_key,
    follow_group: body.follow_group,
    version_status: 'accepted',
  };
}
