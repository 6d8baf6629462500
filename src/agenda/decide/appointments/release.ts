import type { ReleaseParticipant } from '../../command.ts';
import type { Refusal } from '../../refusal.ts';
import type { RulesView } from '../../view.ts';
import { changedMeanwhile } from '../changed-meanwhile.ts';
import { refuse } from '../decision.ts';
import type { DecideContext, Decision } from '../decision.ts';
import { isAbove } from '../hierarchy.ts';
import { answered, withParticipant } from './answer.ts';
import { toldOf } from './announce.ts';
import { log_in_first, seenAppointment } from './change.ts';
import { participantWith } from './meeting.ts';

const not_the_owner: Refusal = {
  code: 'forbidden',
  detail: 'The owner cannot be released; whose appointment it is cancels it.',
};

/** Who was placed is let go, by the owner or somebody ranked above the owner: they have declined then. */
export function releaseParticipant(
  view: RulesView,
  body: ReleaseParticipant,
  context: DecideContext,
): Decision {
  const { by } = context;
  if (by === null) return refuse(log_in_first);
  const seen = seenAppointment(view, body.appointment_key, context);
  if (!seen.ok) return refuse(seen.error);
  const appointment = seen.value;
  const { owner_key, group_key } = appointment;
  const participant = view.participation.participantOf(appointment.key, body.user_key);
  const changed_since = participant === null ? null : changedMeanwhile(participant, body.if_match);
  if (changed_since !== null) return refuse(changed_since);
  const is_above_owner = group_key !== null && isAbove(view.groups, group_key, by.key, owner_key);
  if (by.key !== owner_key && !is_above_owner) {
    const detail = 'Only the owner, or somebody ranked above the owner, releases people.';
    return refuse({ code: 'forbidden', detail });
  }
  if (body.user_key === owner_key) return refuse(not_the_owner);
  if (participant === null) {
    return refuse({ code: 'not_found', detail: 'There is no such participant.' });
  }
  if (participant.status === 'declined') return answered(participant);
  if (participant.status !== 'auto') {
    const detail = 'Only who was placed can be released; who was invited declines.';
    return refuse({ code: 'forbidden', detail });
  }
  const after = participantWith(participant, { status: 'declined' }, context);
  return withParticipant(view, appointment, after, context, (meeting) => [
    toldOf(meeting, participant.user_key, 'appointment_updated', by.key, {
      subject_key: participant.user_key,
    }),
    toldOf(meeting, owner_key, 'invitation_declined', by.key, {
      subject_key: participant.user_key,
    }),
  ]);
}
