import { must } from '../../base/assert.ts';
import { err, ok } from '../../base/result.ts';
import type { Result } from '../../base/result.ts';
import { limits } from '../../limits.ts';
import type { CreateAppointment } from '../command.ts';
import type { Appointment, Calendar, Key, Occurrence, User } from '../model.ts';
import type { Refusal } from '../refusal.ts';
import type { RulesView } from '../view.ts';
import { refuse } from './decision.ts';
import type { DecideContext, Decision } from './decision.ts';

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
  const conflict = conflictOf(view, body, owner.key);
  if (conflict !== null) return refuse(conflict);

  const appointment = newAppointment(body, owner, calendar.value, context);
  const occurrence: Occurrence = {
    person_key: owner.key,
    start: appointment.start,
    end: appointment.end,
    appointment_key: appointment.key,
    busy: appointment.busy,
  };
  const { key, version } = appointment;
  return {
    kind: 'done',
    changes: [
      { op: 'insert', table: 'appointments', row: appointment },
      { op: 'insert', table: 'occurrences', row: occurrence },
    ],
    answer: { kind: 'appointment', key, version },
    consequences: [],
    events: [{ kind: 'appointment.created', key, version, audience: [owner.key] }],
  };
}

function wrongShape(body: CreateAppointment): Refusal | null {
  if (body.end <= body.start) {
    return { code: 'invalid_request', detail: 'The end must be after the start.' };
  }
  if (body.title === '' || isLonger(body.title, limits.title_characters_max)) {
    const detail = `The title must have 1 to ${limits.title_characters_max} characters.`;
    return { code: 'invalid_request', detail };
  }
  if (isLonger(body.description, limits.description_characters_max)) {
    const detail = `The description may have ${limits.description_characters_max} characters.`;
    return { code: 'invalid_request', detail };
  }
  return null;
}

/** Counts code points, and only when the UTF-16 length does not settle it. */
function isLonger(text: string, characters_max: number): boolean {
  return text.length > characters_max && Array.from(text).length > characters_max;
}

/** A calendar of somebody else answers as one that does not exist. */
function calendarFor(
  view: RulesView,
  owner: User,
  calendar_key: Key | null,
): Result<Calendar, Refusal> {
  if (calendar_key === null) {
    return ok(must(view.defaultCalendarOf(owner.key), 'a person without a default calendar'));
  }
  const calendar = view.calendarByKey(calendar_key);
  if (calendar === null || calendar.owner_key !== owner.key) {
    return err({ code: 'not_found', detail: 'There is no such calendar.' });
  }
  return ok(calendar);
}

/**
 * Busy against everything busy on the owner's agenda. Judged here, in log order, so of two requests that
 * race for the same time exactly one wins. Touching ends do not overlap.
 */
function conflictOf(view: RulesView, body: CreateAppointment, owner_key: Key): Refusal | null {
  if (!body.busy || body.allow_conflict) return null;
  const overlaps = view.busyOverlapping(
    owner_key,
    body.start,
    body.end,
    limits.conflict_overlaps_max,
  );
  if (overlaps.length === 0) return null;
  const detail =
    'The time overlaps what is on the agenda already; choose another time, or send ' +
    'allow_conflict: true to have both.';
  return { code: 'conflict', detail, overlaps };
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
    privacy: body.privacy,
    busy: body.busy,
    status: 'accepted',
    sequence: 0,
    version: 1,
    changed_index: context.index,
    origin_node: context.origin_node,
    created_at: context.state_time,
    updated_at: context.state_time,
  };
}
