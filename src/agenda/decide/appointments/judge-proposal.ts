import { err, ok } from '../../../base/result.ts';
import type { Result } from '../../../base/result.ts';
import type { AcceptProposal, RejectProposal } from '../../command.ts';
import type { Appointment, Key, Proposal } from '../../model.ts';
import { standingOf } from '../../proposal.ts';
import type { Refusal } from '../../refusal.ts';
import type { RulesView } from '../../view.ts';
import { refuse } from '../decision.ts';
import type { DecideContext, Decision } from '../decision.ts';
import { announce, toldOf, toldToPeople } from './announce.ts';
import { changed, nextVersion, ownAppointment } from './change.ts';
import { conflictOf } from './conflict.ts';
import { meetingOf } from './meeting.ts';
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
  const told = toldToPeople(before, 'appointment_moved', current.owner_key);
  // Who declined and proposed this is told as well.
  const has_declined = !told.some(({ user_key }) => user_key === proposal.user_key);
  const proposer = toldOf(after, proposal.user_key, 'appointment_moved', current.owner_key, {
    proposal_key: proposal.key,
  });
  const decision = changed(
    view,
    'appointment.moved',
    { before, after },
    has_declined ? [...told, proposer] : told,
    context,
  );
  if (decision.kind === 'refused') return decision;
  const changes = [...decision.changes, ...judged(proposal, 'accepted', context)];
  return { ...decision, changes, answer: answerWith(proposal) };
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
    events: announce(view, 'appointment.discussed', meeting),
    told: [
      toldOf(meeting, proposal.user_key, 'appointment_updated', appointment.owner_key, {
        subject_key: proposal.user_key,
        proposal_key: proposal.key,
      }),
    ],
  };
}

function proposalToJudge(
  view: RulesView,
  { appointment_key, proposal_key }: { appointment_key: Key; proposal_key: Key },
  context: DecideContext,
): Result<{ appointment: Appointment; proposal: Proposal }, Refusal> {
  const found = ownAppointment(view, { appointment_key, if_match: null }, context);
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

function isOver(standing: Exclude<Proposal['status'], 'open'>): Refusal {
  const detail = `The proposal is ${standing}; only an open one can be judged.`;
  return { code: 'forbidden', detail };
}
