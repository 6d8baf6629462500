import { parseId } from '../../agenda/id.ts';
import { laterIfMatchOf } from '../if-match.ts';
import { ProblemError } from '../problem.ts';
import { firstIndexOf, propose } from '../propose.ts';
import { parameterOf } from '../route.ts';
import type { Answer, RouteContext } from '../route.ts';
import type { ApiServices } from '../services.ts';
import type { AnswerBody, ObjectionBody } from './schema.ts';
import { appointmentKeyOf } from './see.ts';
import { writtenObjection, writtenParticipant } from './written.ts';

/** `POST /api/appointments/{id}/accept` and `…/reject`. */
export async function answerInvitation(
  services: ApiServices,
  context: RouteContext<AnswerBody>,
  answer: 'accepted' | 'declined',
): Promise<Answer> {
  const appointment_key = appointmentKeyOf(context);
  const { sequence = null, note = null } = context.body;
  const applied = await propose(services, context, {
    kind: 'appointment.answer',
    appointment_key,
    ...laterIfMatchOf(context.request),
    answer,
    sequence,
    note,
  });
  return writtenParticipant(services, applied, appointment_key);
}

/** `POST /api/appointments/{id}/objection`. */
export async function objectToAppointment(
  services: ApiServices,
  context: RouteContext<ObjectionBody>,
): Promise<Answer> {
  const appointment_key = appointmentKeyOf(context);
  const { note } = context.body;
  const applied = await propose(services, context, {
    kind: 'appointment.object',
    appointment_key,
    ...laterIfMatchOf(context.request),
    note,
  });
  return writtenObjection(services, applied, firstIndexOf(services, context, applied));
}

/** `POST /api/appointments/{id}/participants/{user_id}/release`. */
export async function releaseParticipant(
  services: ApiServices,
  context: RouteContext,
): Promise<Answer> {
  const appointment_key = appointmentKeyOf(context);
  const user_key = parseId('usr', parameterOf(context, 'user_id'));
  if (user_key === null) {
    throw new ProblemError({ code: 'not_found', detail: 'There is no such participant.' });
  }
  const applied = await propose(services, context, {
    kind: 'appointment.release',
    appointment_key,
    ...laterIfMatchOf(context.request),
    user_key,
  });
  return writtenParticipant(services, applied, appointment_key);
}
