import { err, ok } from '../../../base/result.ts';
import type { Result } from '../../../base/result.ts';
import type { AcceptProposal, RejectProposal } from '../../command.ts';
import type { Appointment, Key, Proposal } from '../../model.ts';
import { standingOf } from '../../proposal.ts';
import type { Refusal } from '../../refusal.ts';
import type { RulesView } from '../../view.ts';
import { refuse } from '../decision.ts';
import type { DecideContext, Decision, Told } from '../decision.ts';
import { announceWithin, toldOf, toldToPeople } from './announce.ts';
import { changed, nextVersion, ownAppointment } from './change.ts';
import { conflictOf } from './conflict.ts';
import { meetingOf } from './meeting.ts';
import type { Meeting } from './meeting.ts';
import { judged } from './propose.ts';

/** The appointment moves there; who proposed it has accepted, and everybody else is asked again. */
export function acceptProposal(
  view: RulesView,
  body: AcceptProposal,
  context: DecideContext,
): Decision {
  const found = proposalToJudge(view, body, context);
  if (!found.ok) return refuse(found.error);
  const { appointment: current, proposal } = found.value;
  const standing = standingOf(proposal, current);
  if (standing === 'accepted') return judgedAs(proposal);
  if (standing !== 'open') return refuse(isOver(standing));
  const { start, end, start_offset_s, end_offset_s } = proposal;
  const appointment = { ...current, start, end, start_offset_s, end_offset_s };
  const conflict = conflictOf(view, appointment, body.allow_conflict);
  if (conflict !== null) return refuse(conflict);
  const before = meetingOf(view, current);
  const wanted = { appointment, participants: before.participants };
  const after = nextVersion(current, wanted, context, proposal.user_key);
  const decision = changed(
    view,
    'appointment.moved',
    { before, after },
    toldOfMove(before, proposal),
    context,
  );
  if (decision.kind === 'refused') return decision;
  const changes = [...decision.changes, ...judged(proposal, 'accepted', context)];
  return { ...decision, changes, answer: answerWith(proposal) };
}

/** Who proposed it learns which proposal it was, also if they had declined; not if they are off it now. */
function toldOfMove(before: Meeting, { key, user_key }: Proposal): readonly Told[] {
  const { owner_key } = before.appointment;
  const others = toldToPeople(before, 'appointment_moved', owner_key).filter(
    (one) => one.user_key !== user_key,
  );
  if (!isOnIt(before, user_key)) return others;
  const about = { subject_key: user_key, proposal_key: key };
  return [...others, toldOf(before, user_key, 'appointment_moved', owner_key, about)];
}

function isOnIt({ participants }: Meeting, user_key: Key): boolean {
  return participants.some((one) => one.user_key === user_key);
}

export function rejectProposal(
  view: RulesView,
  body: RejectProposal,
  context: DecideContext,
): Decision {
  const found = proposalToJudge(view, body, context);
  if (!found.ok) return refuse(found.error);
  const { appointment, proposal } = found.value;
  const standing = standingOf(proposal, appointment);
  if (standing === 'rejected') return judgedAs(proposal);
  if (standing !== 'open') return refuse(isOver(standing));
  const meeting = meetingOf(view, appointment);
  return {
    kind: 'done',
    changes: judged(proposal, 'rejected', context),
    answer: answerWith(proposal),
    consequences: [],
    events: announceWithin(view, 'appointment.discussed', meeting),
    told: isOnIt(meeting, proposal.user_key)
      ? [
          toldOf(meeting, proposal.user_key, 'appointment_updated', appointment.owner_key, {
            subject_key: proposal.user_key,
            proposal_key: proposal.key,
          }),
        ]
      : [],
  };
}

function proposalToJudge(
  view: RulesView,
  { appointment_key, if_match, proposal_key }: Omit<RejectProposal, 'kind'>,
  context: DecideContext,
): Result<{ appointment: Appointment; proposal: Proposal }, Refusal> {
  const found = ownAppointment(view, { appointment_key, if_match }, context);
  if (!found.ok) return found;
  const proposal = view.participation.proposalByKey(proposal_key);
  if (proposal === null || proposal.appointment_key !== appointment_key) {
    return err({ code: 'not_found', detail: 'There is no such proposal.' });
  }
  if (found.value.cancelled_at !== null) {
    return err({ code: 'forbidden', detail: 'The appointment is cancelled.' });
  }
  return ok({ appointment: found.value, proposal });
}

/** A judgement makes a version of the proposal. */
function answerWith({ key, version }: Proposal) {
  return { kind: 'proposal', key, version: version + 1 } as const;
}

/** It is so already. */
function judgedAs({ key, version }: Proposal): Decision {
  const answer = { kind: 'proposal', key, version } as const;
  return { kind: 'done', changes: [], answer, consequences: [], events: [] };
}

/** Something came before this judgement of it: a race that is lost. */
function isOver(standing: Exclude<Proposal['status'], 'open'>): Refusal {
  const detail = `The proposal is ${standing}; only an open one can be judged.`;
  return { code: 'stale', detail };
}
