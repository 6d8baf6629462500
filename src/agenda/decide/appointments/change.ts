import { err, ok } from '../../../base/result.ts';
import type { Result } from '../../../base/result.ts';
import type { AgendaEventKind } from '../../event.ts';
import type { Appointment, Key } from '../../model.ts';
import type { Refusal } from '../../refusal.ts';
import { isGone } from '../../retention.ts';
import { sightOf } from '../../sight.ts';
import type { RulesView } from '../../view.ts';
import { changedMeanwhile } from '../changed-meanwhile.ts';
import type { DecideContext, Decision, Told } from '../decision.ts';
import { announce } from './announce.ts';
import { meetingChanges, participantWith, statusOf } from './meeting.ts';
import type { Meeting } from './meeting.ts';

/** Which appointment, and the versions it may have; null: any. */
interface Wanted {
  readonly appointment_key: Key;
  readonly if_match: readonly number[] | null | undefined;
}

export const log_in_first: Refusal = { code: 'unauthenticated', detail: 'Log in first.' };
export const not_the_owner: Refusal = {
  code: 'forbidden',
  detail: 'Only the owner of an appointment changes it.',
};
const no_such_appointment: Refusal = {
  code: 'not_found',
  detail: 'There is no such appointment.',
};

/** The appointment, when the caller sees all of it: else it answers as one that does not exist. */
export function seenAppointment(
  view: RulesView,
  appointment_key: Key,
  { by, state_time }: DecideContext,
): Result<Appointment, Refusal> {
  if (by === null) return err(log_in_first);
  const found = view.appointmentByKey(appointment_key);
  if (found === null || isGone(found, state_time) || sightOf(view, by.key, found) !== 'full') {
    return err(no_such_appointment);
  }
  return ok(found);
}

/**
 * The appointment that its owner is about to change. One that somebody may not see answers as one that
 * does not exist, whatever version was asked for.
 */
export function ownAppointment(
  view: RulesView,
  { appointment_key, if_match }: Wanted,
  context: DecideContext,
): Result<Appointment, Refusal> {
  const seen = seenAppointment(view, appointment_key, context);
  if (!seen.ok) return seen;
  const found = seen.value;
  const changed_since = changedMeanwhile(found, if_match);
  if (changed_since !== null) return err(changed_since);
  return found.owner_key === context.by?.key ? ok(found) : err(not_the_owner);
}

/**
 * The next version of a meeting, with people and appointment as wanted. Another time, cancelling and
 * restoring are significant: they raise `sequence` (RFC 5546, section 2.1.4) and ask everybody again who
 * had accepted. Other texts do neither.
 */
export function nextVersion(
  current: Appointment,
  wanted: Meeting,
  context: DecideContext,
  accepted_key: Key | null = null,
): Meeting {
  const { appointment } = wanted;
  const is_significant =
    appointment.start !== current.start ||
    appointment.end !== current.end ||
    (appointment.cancelled_at === null) !== (current.cancelled_at === null);
  const participants = wanted.participants.map((one) => {
    if (one.user_key === accepted_key && one.status !== 'auto') {
      return one.status === 'accepted'
        ? one
        : participantWith(one, { status: 'accepted' }, context);
    }
    if (!is_significant || one.status !== 'accepted') return one;
    return participantWith(one, { status: 'pending' }, context);
  });
  const status = statusOf({ appointment, participants });
  const row: Appointment = {
    ...appointment,
    status,
    version: current.version + 1,
    version_status: status,
    sequence: current.sequence + (is_significant ? 1 : 0),
    changed_index: context.index,
    origin_node: context.origin_node,
    updated_at: context.state_time,
    remembered_until: context.remembered_until,
  };
  return { appointment: row, participants };
}

/** What a change comes to once `after` is settled. */
export function changed(
  view: RulesView,
  kind: AgendaEventKind,
  { before, after }: { readonly before: Meeting; readonly after: Meeting },
  told: readonly Told[],
  context: DecideContext,
): Decision {
  const { key, version } = after.appointment;
  return {
    kind: 'done',
    changes: meetingChanges(before, after, context),
    answer: { kind: 'appointment', key, version },
    consequences: [],
    events: announce(view, kind, { before, after }),
    told,
  };
}

/** It is so already: a success of the same version. */
export function unchanged(current: Appointment, context: DecideContext): Decision {
  const { key, version, remembered_until } = current;
  const { remembered_until: wanted_until } = context;
  const is_remembered_longer = wanted_until !== null && wanted_until > (remembered_until ?? 0);
  const row: Appointment = { ...current, remembered_until: wanted_until };
  return {
    kind: 'done',
    changes: is_remembered_longer ? [{ op: 'update', table: 'appointments', row }] : [],
    answer: { kind: 'appointment', key, version },
    consequences: [],
    events: [],
  };
}
