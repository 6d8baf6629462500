import type { AppointmentFields } from '../../agenda/command.ts';
import { formatId } from '../../agenda/id.ts';
import type { Appointment, User } from '../../agenda/model.ts';
import { err, ok } from '../../base/result.ts';
import type { Result } from '../../base/result.ts';
import type { FieldError } from '../../agenda/refusal.ts';
import { presentTimes } from '../present/times.ts';
import { fieldErrorsOf } from '../validate.ts';
import { personalFields } from './fields.ts';
import { appointment_schema } from './schema.ts';
import type { AppointmentPatch } from './schema.ts';

const decides_times = ['start', 'end', 'all_day', 'time_zone'] as const;

/**
 * The fields of an appointment with a patch (RFC 7396) put on it, or what is wrong with the two together.
 * `json` is the patch as it came, `patch` what its schema made of it.
 */
export function patchedFields(
  current: Appointment,
  patch: AppointmentPatch,
  json: unknown,
  owner: User,
): Result<AppointmentFields, readonly FieldError[]> {
  const merged = appointment_schema.safeParse(mergePatch(documentOf(current), json));
  if (!merged.success) return err(fieldErrorsOf(merged.error, 'body'));
  const fields = personalFields(merged.data, owner);
  if (decides_times.some((name) => patch[name] !== undefined)) return ok(fields);
  // This program's zone table may be another than the one they were worked out with.
  const { start, end, start_offset_s, end_offset_s } = current;
  return ok({ ...fields, start, end, start_offset_s, end_offset_s });
}

/** "Appointment in" that would make this appointment. */
function documentOf(appointment: Appointment): Readonly<Record<string, unknown>> {
  return {
    title: appointment.title,
    description: appointment.description,
    ...presentTimes(appointment),
    all_day: appointment.all_day,
    time_zone: appointment.time_zone,
    privacy: appointment.privacy,
    busy: appointment.busy,
    calendar_id: formatId('cal', appointment.calendar_key),
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
