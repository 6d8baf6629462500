import type { CancelAppointment } from '../../command.ts';
import type { Key } from '../../model.ts';
import type { RulesView } from '../../view.ts';
import { refuse } from '../decision.ts';
import type { DecideContext, Decision } from '../decision.ts';
import { toldToPeople } from './announce.ts';
import { imposed } from './answer.ts';
import { changed, nextVersion, not_the_owner, ownAppointment, unchanged } from './change.ts';
import { meetingOf } from './meeting.ts';
import type { Meeting } from './meeting.ts';

/** It stays to be read and restored for a time, and takes no time on any agenda any more. */
export function cancelAppointment(
  view: RulesView,
  body: CancelAppointment,
  context: DecideContext,
): Decision {
  const found = ownAppointment(view, body, context);
  if (!found.ok) {
    const removes_placed = found.error === not_the_owner && isPlaced(view, body, context);
    return refuse(removes_placed ? imposed : found.error);
  }
  const current = found.value;
  if (current.cancelled_at !== null) return unchanged(current, context);
  const before = meetingOf(view, current);
  return cancelled(view, before, current.owner_key, context);
}

/** Who was placed cannot take it off their agenda this way either. */
function isPlaced(
  view: RulesView,
  { appointment_key }: CancelAppointment,
  { by }: DecideContext,
): boolean {
  if (by === null) return false;
  return view.participation.participantOf(appointment_key, by.key)?.status === 'auto';
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
