import type { Appointment, Key, ParticipantStatus, User } from '../../agenda/model.ts';
import { parseId } from '../../agenda/id.ts';
import { isGone } from '../../agenda/retention.ts';
import { sightOf } from '../../agenda/sight.ts';
import type { AgendaView, ParticipationPort } from '../../agenda/view.ts';
import { ProblemError } from '../problem.ts';
import { callerOf, parameterOf } from '../route.ts';
import type { RouteContext } from '../route.ts';
import type { ApiServices } from '../services.ts';

/** The appointment behind an id, if the viewer may see all of it; null: for them it is not there. */
export function seenBy(view: AgendaView, viewer: User, id: string): Appointment | null {
  const key = parseId('apt', id);
  const appointment = key === null ? null : view.appointmentByKey(key);
  if (appointment === null || isGone(appointment, view.stateTime())) return null;
  return sightOf(view, viewer.key, appointment) === 'full' ? appointment : null;
}

/** The appointment of the path, if the caller sees it. Throws `not_found`. */
export function seenAppointment(
  { replica }: Pick<ApiServices, 'replica'>,
  context: RouteContext,
): Appointment {
  const { user } = callerOf(context);
  const appointment = seenBy(replica.view, user, parameterOf(context, 'id'));
  if (appointment === null) throw noSuchAppointment();
  return appointment;
}

/** What the path names. Throws `not_found`: an id that names nothing of the kind is not there. */
export function appointmentKeyOf(context: RouteContext): Key {
  const key = parseId('apt', parameterOf(context, 'id'));
  if (key === null) throw noSuchAppointment();
  return key;
}

/** What one may not see answers like what is not there. */
function noSuchAppointment(): ProblemError {
  return new ProblemError({ code: 'not_found', detail: 'There is no such appointment.' });
}

/** How somebody takes part in it; null: they do not. */
export function standingIn(
  participation: ParticipationPort,
  { key, owner_key }: Appointment,
  user_key: Key,
): ParticipantStatus | null {
  if (owner_key === user_key) return 'accepted';
  return participation.participantOf(key, user_key)?.status ?? null;
}
