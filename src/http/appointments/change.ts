import type { CommandBody, UpdateAppointment } from '../../agenda/command.ts';
import type { FieldError } from '../../agenda/refusal.ts';
import { parseId } from '../../agenda/id.ts';
import type { Appointment, Key } from '../../agenda/model.ts';
import { err, ok } from '../../base/result.ts';
import type { Result } from '../../base/result.ts';
import { awaitMajority } from '../consistency.ts';
import { ifMatchOf } from '../if-match.ts';
import { OutdatedError } from '../outcome.ts';
import { ProblemError } from '../problem.ts';
import { propose, writtenAnswer } from '../propose.ts';
import { callerOf, parameterOf } from '../route.ts';
import type { Answer, RouteContext } from '../route.ts';
import type { ApiServices } from '../services.ts';
import { limits } from '../../limits.ts';
import { appointmentFields, refuseUnsupported } from './fields.ts';
import { patchedFields } from './patch.ts';
import { invitedPeople } from './people.ts';
import type { AppointmentBody, AppointmentPatch, RestoreBody } from './schema.ts';
import { appointmentKeyOf, seenAppointment, seenBy } from './see.ts';
import { changedAppointment } from './written.ts';

/** `PUT /api/appointments/{id}`: what is left out takes its default. */
export async function replaceAppointment(
  services: ApiServices,
  context: RouteContext<AppointmentBody>,
): Promise<Answer> {
  const { user } = callerOf(context);
  const group = namedGroup(context.body.group_id);
  const applied = await propose(services, context, {
    kind: 'appointment.update',
    ...wantedOf(context),
    computed_from: null,
    ...(group.ok
      ? { fields: appointmentFields(context.body, user), group_key: group.value, wrong: [] }
      : { fields: null, group_key: null, wrong: [group.error] }),
    participants: invitedPeople(context.body.participants),
    follow_group: context.body.follow_group,
    allow_conflict: context.body.allow_conflict,
  });
  return changedAppointment(services, applied);
}

/**
 * `PATCH /api/appointments/{id}`. Computed from the appointment as it is seen here, so it carries that
 * version; when apply meets another one, it is computed again.
 */
export async function patchAppointment(
  services: ApiServices,
  context: RouteContext<AppointmentPatch>,
): Promise<Answer> {
  const wanted = wantedOf(context);
  refuseUnsupported(context.body);
  for (let attempt = 1; attempt <= limits.recompute_attempts_max; attempt += 1) {
    const current = await currentOf(services, context);
    const body: CommandBody = {
      kind: 'appointment.update',
      ...wanted,
      computed_from: current.version,
      ...patchOf(services, context, current),
      allow_conflict: context.body.allow_conflict ?? false,
    };
    try {
      const applied = await propose(services, context, body);
      return changedAppointment(services, applied);
    } catch (error) {
      if (!(error instanceof OutdatedError)) throw error;
    }
  }
  const detail = 'Others keep changing this appointment; nothing was changed, try again.';
  throw new ProblemError({ code: 'overloaded', detail });
}

type PatchedCommand = Pick<
  UpdateAppointment,
  'fields' | 'group_key' | 'participants' | 'follow_group' | 'wrong'
>;

/** What a patch makes of the appointment as it is seen here, or what is wrong with the two together. */
function patchOf(
  { replica }: ApiServices,
  context: RouteContext<AppointmentPatch>,
  appointment: Appointment,
): PatchedCommand {
  const participants = replica.view.participation.participantsOf(appointment.key);
  const { user } = callerOf(context);
  const group = namedGroup(context.body.group_id);
  const patched = patchedFields({ appointment, participants }, context.body, context.json, user);
  const wrong = [...(patched.ok ? [] : patched.error), ...(group.ok ? [] : [group.error])];
  if (patched.ok && group.ok) return { ...patched.value, group_key: group.value, wrong };
  return { fields: null, group_key: null, participants: null, follow_group: null, wrong };
}

/** The group that a body says it is of, which never changes; null: it says nothing. */
function namedGroup(group_id: string | null | undefined): Result<Key | null, FieldError> {
  if (group_id === undefined || group_id === null) return ok(null);
  const key = parseId('grp', group_id);
  if (key !== null) return ok(key);
  return err({ field: 'group_id', detail: 'never changes: leave it out' });
}

/** `DELETE /api/appointments/{id}`: cancels it. */
export async function cancelAppointment(
  services: ApiServices,
  context: RouteContext,
): Promise<Answer> {
  const applied = await propose(services, context, {
    kind: 'appointment.cancel',
    ...wantedOf(context),
  });
  return writtenAnswer(applied, { status: 204, version: applied.answer.version });
}

/** `POST /api/appointments/{id}/restore`. */
export async function restoreAppointment(
  services: ApiServices,
  context: RouteContext<RestoreBody>,
): Promise<Answer> {
  const applied = await propose(services, context, {
    kind: 'appointment.restore',
    ...wantedOf(context),
    allow_conflict: context.body.allow_conflict,
  });
  return changedAppointment(services, applied);
}

/** Which appointment, in which versions. */
function wantedOf(context: RouteContext): {
  appointment_key: Key;
  if_match: readonly number[] | null;
} {
  const if_match = ifMatchOf(context.request);
  return { appointment_key: appointmentKeyOf(context), if_match };
}

/** As it is known here; what is not may still be on its way, so then a majority is asked. */
async function currentOf(services: ApiServices, context: RouteContext): Promise<Appointment> {
  const { view } = services.replica;
  const { user } = callerOf(context);
  const id = parameterOf(context, 'id');
  const known = seenBy(view, user, id);
  if (known !== null) return known;
  await awaitMajority(services, context.exchange);
  return seenAppointment(services, context);
}
