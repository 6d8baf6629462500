import type { AnswerInvitation } from '../../command.ts';
import { ownerPartKey } from '../../id.ts';
import type { Appointment, Participant } from '../../model.ts';
import type { Refusal } from '../../refusal.ts';
import type { RulesView } from '../../view.ts';
import { changedMeanwhile } from '../changed-meanwhile.ts';
import { refuse } from '../decision.ts';
import type { DecideContext, Decision, Told } from '../decision.ts';
import { announceWithin, toldOf } from './announce.ts';
import { log_in_first, seenAppointment } from './change.ts';
import { isOver, ownPart } from './discuss.ts';
import { meetingChanges, meetingOf, participantWith, withStatus } from './meeting.ts';
import type { Meeting } from './meeting.ts';

export const imposed: Refusal = {
  code: 'imposed',
  detail:
    'You were placed on this by somebody above you: you may object, propose another time, or ask ' +
    'to be released.',
};
const stale: Refusal = {
  code: 'stale',
  detail: 'The appointment was changed since: read it again, then answer with its sequence.',
};
const not_there_yet: Refusal = {
  code: 'invalid_request',
  detail: 'sequence: is none that the appointment has had',
  errors: [{ field: 'sequence', detail: 'is none that the appointment has had' }],
};

/** Accepts or declines. The whole follows from all answers; its version stays. */
export function answerInvitation(
  view: RulesView,
  body: AnswerInvitation,
  context: DecideContext,
): Decision {
  const { appointment_key, answer, note } = body;
  const own = ownerAnswers(view, body, context);
  if (own !== null) return own;
  const part = ownPart(view, appointment_key, context);
  if (!part.ok) return refuse(part.error);
  const { user, appointment, participant } = part.value;
  const changed_since = changedMeanwhile(participant, body.if_match);
  if (changed_since !== null) return refuse(changed_since);
  const sequence = body.sequence ?? appointment.sequence;
  if (sequence < appointment.sequence) return refuse(stale);
  if (sequence > appointment.sequence) return refuse(not_there_yet);
  const is_placed = participant.status === 'auto';
  if (is_placed && answer === 'declined') return refuse(imposed);
  const status = is_placed ? 'auto' : answer;
  const wanted = { status, note: note ?? participant.note } as const;
  // What is so already stays a success, after the start too.
  if (wanted.status === participant.status && wanted.note === participant.note) {
    return answered(participant);
  }
  const over = isOver(appointment, context);
  if (over !== null) return refuse(over);
  const type = answer === 'accepted' ? 'invitation_accepted' : 'invitation_declined';
  const has_answered = status !== participant.status;
  const after = participantWith(participant, wanted, context);
  return withParticipant(view, appointment, after, context, (meeting) =>
    has_answered
      ? [toldOf(meeting, appointment.owner_key, type, user.key, { subject_key: user.key })]
      : [],
  );
}

/** The owner has accepted by owning it. Null: somebody else answers. */
function ownerAnswers(
  view: RulesView,
  { appointment_key, answer, if_match }: AnswerInvitation,
  context: DecideContext,
): Decision | null {
  if (context.by === null) return refuse(log_in_first);
  const seen = seenAppointment(view, appointment_key, context);
  if (!seen.ok) return refuse(seen.error);
  if (seen.value.owner_key !== context.by.key) return null;
  const own_part = { key: ownerPartKey(seen.value.key), version: 1 };
  const changed_since = changedMeanwhile(own_part, if_match);
  if (changed_since !== null) return refuse(changed_since);
  if (answer === 'declined') {
    return refuse({ code: 'forbidden', detail: 'It is your own appointment: cancel it.' });
  }
  return answered(own_part);
}

/** One participation changed, and with it perhaps the whole. */
export function withParticipant(
  view: RulesView,
  appointment: Appointment,
  participant: Participant,
  context: DecideContext,
  toldOfIt: (meeting: Meeting) => readonly Told[],
): Decision {
  const before = meetingOf(view, appointment);
  const participants = before.participants.map((one) =>
    one.key === participant.key ? participant : one,
  );
  const after = withStatus({ appointment, participants }, context);
  return {
    ...answered(participant),
    changes: meetingChanges(before, after, context),
    events: announceWithin(view, 'appointment.answered', after),
    told: toldOfIt(after),
  };
}

type Done = Extract<Decision, { kind: 'done' }>;

export function answered({ key, version }: Pick<Participant, 'key' | 'version'>): Done {
  return {
    kind: 'done',
    changes: [],
    answer: { kind: 'participant', key, version },
    consequences: [],
    events: [],
  };
}
