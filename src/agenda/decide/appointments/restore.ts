import type { RestoreAppointment } from '../../command.ts';
import type { Appointment } from '../../model.ts';
import type { RulesView } from '../../view.ts';
import { refuse } from '../decision.ts';
import type { DecideContext, Decision } from '../decision.ts';
import { changed, ownAppointment, unchanged } from './change.ts';
import { conflictOf } from './conflict.ts';

/** Its time may be taken by now, so it is checked like a new one. */
export function restoreAppointment(
  view: RulesView,
  body: RestoreAppointment,
  context: DecideContext,
): Decision {
  const found = ownAppointment(view, body, context);
  if (!found.ok) return refuse(found.error);
  const current = found.value;
  if (current.status !== 'cancelled') return unchanged(current, context);
  // Nobody is required to answer a personal appointment.
  const wanted: Appointment = { ...current, status: 'accepted', cancelled_at: null };
  const conflict = conflictOf(view, wanted, body.allow_conflict);
  if (conflict !== null) return refuse(conflict);
  return changed(current, wanted, 'appointment.restored', context);
}
