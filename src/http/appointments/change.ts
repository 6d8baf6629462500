import type { AppointmentFields, CommandBody } from '../../agenda/command.ts';
import type { FieldError } from '../../agenda/refusal.ts';
import { parseId } from '../../agenda/id.ts';
import type { Appointment, Key } from '../../agenda/model.ts';
import { awaitMajority } from '../consistency.ts';
import { ifMatchOf } from '../if-match.ts';
import { OutdatedError } from '../outcome.ts';
import { ProblemError } from '../problem.ts';
import { propose, writtenAnswer } from '../propose.ts';
import { callerOf, parameterOf } from '../route.ts';
import type { Answer, RouteContext } from '../route.ts';
import type { ApiServices } from '../services.ts';
import { limits } from '../../limits.ts';
import { personalFields, refuseUnsupported } from './fields.ts';
import { patchedFields } from './patch.ts';
import type { AppointmentBody, AppointmentPatch, RestoreBody } from './schema.ts';
import { noSuchAppointment, seenBy } from './see.ts';
import { changedAppointment } from './written.ts';

/** `PUT /api/appointments/{id}`: what is left out takes its default. */
export async function replaceAppointment(
  services: ApiServices,
  context: RouteContext<AppointmentBody, unknown>,
): Promise<Answer> {
  const { user, user_id } = callerOf(context);
  const applied = await propose(services, context, user_id, {
    kind: 'appointment.update',
    ...wantedOf(context),
    computed_from: null,
    fields: personalFields(context.body, user),
    group_key: null,
    participants: [],
    follow_group: context.body.follow_group,
    wrong: [],
    allow_conflict: context.body.allow_conflict,
  });
  return changedAppointment(services, context, applied);
}

/**
 * `PATCH /api/appointments/{id}`. Computed from the appointment as it is seen here, so it carries that
 * version; when apply meets another one, it is computed again.
 */
export async function patchAppointment(
  services: ApiServices,
  context: RouteContext<AppointmentPatch, unknown>,
): Promise<Answer> {
  const { user, user_id } = callerOf(context);
  const wanted = wantedOf(context);
  refuseUnsupported(context.body);
  for (let attempt = 1; attempt <= limits.recompute_attempts_max; attempt += 1) {
    const current = await currentOf(services, context);
    const patched = patchedFields(current, context.body, context.json, user);
    const found: { fields: AppointmentFields | null; wrong: readonly FieldError[] } = patched.ok
      ? { fields: patched.value, wrong: [] }
      : { fields: null, wrong: patched.error };
    const body: CommandBody = {
      kind: 'appointment.update',
      ...wanted,
      computed_from: current.version,
      ...found,
      group_key: null,
      participants: null,
      follow_group: context.body.follow_group ?? null,
      allow_conflict: context.body.allow_conflict ?? false,
    };
    try {
      const applied = await propose(services, context, user_id, body);
      return changedAppointment(services, context, applied);
    } catch (error) {
      if (!(error instanceof OutdatedError)) throw error;
    }
  }
  const detail = 'Others keep changing this appointment; nothing was changed, try again.';
  throw new ProblemError({ code: 'overloaded', detail });
}

/** `DELETE /api/appointments/{id}`: cancels it. */
export async function cancelAppointment(
  services: ApiServices,
  context: RouteContext<unknown, unknown>,
): Promise<Answer> {
  const applied = await propose(services, context, callerOf(context).user_id, {
    kind: 'appointment.cancel',
    ...wantedOf(context),
  });
  return writtenAnswer(applied, { status: 204, version: applied.answer.version });
}

/** `POST /api/appointments/{id}/restore`. */
export async function restoreAppointment(
  services: ApiServices,
  context: RouteContext<RestoreBody, unknown>,
): Promise<Answer> {
  const applied = await propose(services, context, callerOf(context).user_id, {
    kind: 'appointment.restore',
    ...wantedOf(context),
    allow_conflict: context.body.allow_conflict,
  });
  return changedAppointment(services, context, applied);
}

/** Which appointment, in which versions. An id that names nothing of the kind is not there. */
function wantedOf(context: RouteContext<unknown, unknown>): {
  appointment_key: Key;
  if_match: readonly number[] | null;
} {
  const if_match = ifMatchOf(context.request);
  const appointment_key = parseId('apt', parameterOf(context, 'id'));
  if (appointment_key === null) throw noSuchAppointment();
  return { appointment_key, if_match };
}

/** As it is known here; what is not may still be on its way, so then a majority is asked. */
async function currentOf(
  services: ApiServices,
  context: RouteContext<unknown, unknown>,
): Promise<Appointment> {
  const { view } = services.replica;
  const { user } = callerOf(context);
  const id = parameterOf(context, 'id');
  const known = seenBy(view, user, id);
  if (known !== null) return known;
  await awaitMajority(services, context.exchange);
  const found = seenBy(view, user, id);
  if (found === null) throw noSuchAppointment();
  return found;
}
