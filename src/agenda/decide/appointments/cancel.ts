import type { CancelAppointment } from '../../command.ts';
import type { RulesView } from '../../view.ts';
import { refuse } from '../decision.ts';
import type { DecideContext, Decision } from '../decision.ts';
import { changed, ownAppointment, unchanged } from './change.ts';

/** It stays to be read and restored for a time, and takes no time on the agenda any more. */
export function cancelAppointment(
  view: RulesView,
  body: CancelAppointment,
  context: DecideContext,
): Decision {
  const found = ownAppointment(view, body, context);
  if (!found.ok) return refuse(found.error);
  const current = found.value;
  if (current.status === 'cancelled') return unchanged(current, context);
  return changed(
    current,
    { ...current, status: 'cancelled', cancelled_at: context.state_time },
    'appointment.cancelled',
    context,
  );
}
