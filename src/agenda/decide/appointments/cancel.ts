import type { CancelAppointment } from '../../command.ts';
import type { Key } from '../../model.ts';
import type { RulesView } from '../../view.ts';
import { refuse } from '../decision.ts';
import type { DecideContext, Decision } from '../decision.ts';
import { toldToPeople } from './announce.ts';
import { changed, nextVersion, ownAppointment, unchanged } from './change.ts';
import { meetingOf } from './meeting.ts';
import type { Meeting } from './meeting.ts';

/** It stays to be read and restored for a time, and takes no time on any agenda any more. */
export function cancelAppointment(
  view: RulesView,
  body: CancelAppointment,
  context: DecideContext,
): Decision {
  const found = ownAppointment(view, body, context);
  if (!found.ok) return refuse(found.error);
  const current = found.value;
  if (current.cancelled_at !== null) return unchanged(current, context);
  const before = meetingOf(view, current);
  return cancelled(view, before, current.owner_key, context);
}

export function cancelled(
  view: RulesView,
  before: Meeting,
  actor_key: Key,
  context: DecideContext,
): Decision {
  const appointment = { ...before.appointment, cancelled_at: context.state_time };
  const wanted = { appointment, participants: before.participants };
  const after = nextVersion(before.appointment, wanted, context);
  const told = toldToPeople(before, 'appointment_cancelled', actor_key);
  return changed(view, 'appointment.cancelled', { before, after }, told, context);
}
