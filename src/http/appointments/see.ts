import type { Appointment, User } from '../../agenda/model.ts';
import { parseId } from '../../agenda/id.ts';
import { isGone } from '../../agenda/retention.ts';
import type { AgendaView } from '../../agenda/view.ts';
import { ProblemError } from '../problem.ts';

/** The appointment behind an id, if the viewer may see it; null: for them it is not there. */
export function seenBy(view: AgendaView, viewer: User, id: string): Appointment | null {
  const key = parseId('apt', id);
  const appointment = key === null ? null : view.appointmentByKey(key);
  if (appointment === null || appointment.owner_key !== viewer.key) return null;
  return isGone(appointment, view.stateTime()) ? null : appointment;
}

/** What one may not see answers like what is not there. */
export function noSuchAppointment(): ProblemError {
  return new ProblemError({ code: 'not_found', detail: 'There is no such appointment.' });
}
