import type { AppointmentFields, InvitedPerson } from '../../agenda/command.ts';
import { formatId } from '../../agenda/id.ts';
import type { Appointment, Participant, User } from '../../agenda/model.ts';
import { err, ok } from '../../base/result.ts';
import type { Result } from '../../base/result.ts';
import type { FieldError } from '../../agenda/refusal.ts';
import { presentTimes } from '../present/times.ts';
import { fieldErrorsOf } from '../validate.ts';
import { appointmentFields } from './fields.ts';
import { invitedPeople } from './people.ts';
import { appointment_schema } from './schema.ts';
import type { AppointmentPatch } from './schema.ts';

const decides_times = ['start', 'end', 'all_day', 'time_zone'] as const;

/** What is patched: an appointment, and who is on it. */
export interface Patchable {
  readonly appointment: Appointment;
  readonly participants: readonly Participant[];
}

/** What comes of a patch. */
export interface Patched {
  readonly fields: AppointmentFields;
  /** Null: they stay. */
  readonly participants: readonly InvitedPerson[] | null;
  readonly follow_group: boolean;
}

/**
 * An appointment with a patch (RFC 7396) put on it, or what is wrong with the two together. `json` is the
 * patch as it came, `patch` what its schema made of it. Who is invited stays unless the patch names people:
 * who joins or leaves a group makes no version that would tell that it was another list.
 */
export function patchedFields(
  current: Patchable,
  patch: AppointmentPatch,
  json: unknown,
  owner: User,
): Result<Patched, readonly FieldError[]> {
  const merged = appointment_schema.safeParse(mergePatch(documentOf(current), json));
  if (!merged.success) return err(fieldErrorsOf(merged.error, 'body'));
  const { follow_group } = merged.data;
  const participants =
    patch.participants === undefined ? null : invitedPeople(merged.data.participants);
  const fields = appointmentFields(merged.data, owner);
  if (decides_times.some((name) => patch[name] !== undefined)) {
    return ok({ fields, participants, follow_group });
  }
  // This program's zone table may be another than the one they were worked out with.
  const { start, end, start_offset_s, end_offset_s } = current.appointment;
  const kept = { ...fields, start, end, start_offset_s, end_offset_s };
  return ok({ fields: kept, participants, follow_group });
}

/** "Appointment in" that would make this appointment. */
function documentOf({ appointment, participants }: Patchable): Readonly<Record<string, unknown>> {
  return {
    title: appointment.title,
    description: appointment.description,
    ...presentTimes(appointment),
    all_day: appointment.all_day,
    time_zone: appointment.time_zone,
    privacy: appointment.privacy,
    busy: appointment.busy,
    calendar_id: formatId('cal', appointment.calendar_key),
    participants: participants
      .filter(({ by_name }) => by_name)
      .map(({ user_key, is_optional }) => ({ user_id: formatId('usr', user_key), is_optional })),
    follow_group: appointment.follow_group,
  };
}

/** RFC 7396, section 2, for a document whose members are no objects. */
function mergePatch(document: Readonly<Record<string, unknown>>, json: unknown): unknown {
  const members = new Map(Object.entries(document));
  for (const [name, value] of Object.entries(json as object)) {
    if (value === null) members.delete(name);
    else members.set(name, value);
  }
  return Object.fromEntries(members);
}
