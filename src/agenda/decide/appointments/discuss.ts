import { err, ok } from '../../../base/result.ts';
import type { Result } from '../../../base/result.ts';
import type { ProposeTime } from '../../command.ts';
import type { Appointment, Key, Participant, User } from '../../model.ts';
import type { Refusal } from '../../refusal.ts';
import type { RulesView } from '../../view.ts';
import { changedMeanwhile } from '../changed-meanwhile.ts';
import type { DecideContext } from '../decision.ts';
import { log_in_first, seenAppointment } from './change.ts';

/** An appointment, and the part that the caller has in it. */
export interface OwnPart {
  readonly user: User;
  readonly appointment: Appointment;
  readonly participant: Participant;
}

const not_on_it: Refusal = {
  code: 'forbidden',
  detail: 'Only those who are on the appointment can do this.',
};
const is_owner: Refusal = {
  code: 'forbidden',
  detail: 'It is your own appointment: change or cancel it.',
};
const is_cancelled: Refusal = { code: 'forbidden', detail: 'The appointment is cancelled.' };
const has_begun: Refusal = {
  code: 'forbidden',
  detail: 'The appointment has begun: answers can be changed until its start.',
};

/** The part that somebody who is on an appointment, and does not own it, has in it. */
export function ownPart(
  view: RulesView,
  appointment_key: Key,
  context: DecideContext,
): Result<OwnPart, Refusal> {
  const user = context.by;
  if (user === null) return err(log_in_first);
  const seen = seenAppointment(view, appointment_key, context);
  if (!seen.ok) return seen;
  const appointment = seen.value;
  if (appointment.owner_key === user.key) return err(is_owner);
  const participant = view.participation.participantOf(appointment_key, user.key);
  if (participant === null) return err(not_on_it);
  return ok({ user, appointment, participant });
}

/** Why nothing can be said of an appointment any more; null: it is still to come. */
export function isOver(
  { cancelled_at, start }: Appointment,
  { state_time }: DecideContext,
): Refusal | null {
  if (cancelled_at !== null) return is_cancelled;
  return start <= state_time ? has_begun : null;
}

/** What somebody on an appointment may still speak to, the appointment in one of these versions. */
export function openPart(
  view: RulesView,
  { appointment_key, if_match }: Pick<ProposeTime, 'appointment_key' | 'if_match'>,
  context: DecideContext,
): Result<OwnPart, Refusal> {
  const seen = seenAppointment(view, appointment_key, context);
  if (!seen.ok) return seen;
  const changed_since = changedMeanwhile(seen.value, if_match);
  if (changed_since !== null) return err(changed_since);
  const part = ownPart(view, appointment_key, context);
  if (!part.ok) return part;
  const over = isOver(part.value.appointment, context);
  return over === null ? part : err(over);
}
