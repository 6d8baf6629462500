import type { RestoreAppointment } from '../../command.ts';
import type { RulesView } from '../../view.ts';
import { refuse } from '../decision.ts';
import type { DecideContext, Decision } from '../decision.ts';
import { toldToPeople } from './announce.ts';
import { changed, nextVersion, ownAppointment, unchanged } from './change.ts';
import { conflictOf } from './conflict.ts';
import { meetingOf } from './meeting.ts';

/** Its time may be taken by now, so it is checked like a new one. Everybody is asked again. */
export function restoreAppointment(
  view: RulesView,
  body: RestoreAppointment,
  context: DecideContext,
): Decision {
  const found = ownAppointment(view, body, context);
  if (!found.ok) return refuse(found.error);
  const current = found.value;
  if (current.cancelled_at === null) return unchanged(current, context);
  const before = meetingOf(view, current);
  const appointment = { ...current, cancelled_at: null };
  const conflict = conflictOf(view, appointment, body.allow_conflict);
  if (conflict !== null) return refuse(conflict);
  const wanted = { appointment, participants: before.participants };
  const after = nextVersion(current, wanted, context);
  const told = toldToPeople(after, 'appointment_updated', current.owner_key);
  return changed(view, 'appointment.restored', { before, after }, told, context);
}
