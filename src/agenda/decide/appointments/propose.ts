import { limits } from '../../../limits.ts';
import type { RowChange } from '../../change.ts';
import type { ProposeTime } from '../../command.ts';
import type { Proposal } from '../../model.ts';
import { standingOf } from '../../proposal.ts';
import type { RulesView } from '../../view.ts';
import { refuse } from '../decision.ts';
import type { DecideContext, Decision } from '../decision.ts';
import { keepEarlier } from '../earlier.ts';
import { announce, toldOf } from './announce.ts';
import { ownPart } from './discuss.ts';
import { wrongField } from './fields.ts';
import { meetingOf } from './meeting.ts';

/** Another time that somebody on it would like; it takes the place of what they proposed before. */
export function proposeTime(view: RulesView, body: ProposeTime, context: DecideContext): Decision {
  const part = ownPart(view, body.appointment_key, context);
  if (!part.ok) return refuse(part.error);
  const { user, appointment } = part.value;
  if (body.all_day !== appointment.all_day || body.time_zone !== appointment.time_zone) {
    return refuse({ code: 'outdated', detail: 'It was changed meanwhile; compute it again.' });
  }
  if (body.end <= body.start) return refuse(wrongField('end', 'must be after start'));
  const proposals = view.participation.proposalsOf(appointment.key);
  if (proposals.length >= limits.proposals_max) {
    const detail = `An appointment can have at most ${limits.proposals_max} proposals.`;
    return refuse({ code: 'too_large', detail });
  }
  const proposal = proposalOf(body, appointment.sequence, user.key, context);
  const changes: RowChange[] = [{ op: 'insert', table: 'proposals', row: proposal }];
  for (const earlier of proposals) {
    if (earlier.user_key !== user.key || standingOf(earlier, appointment) !== 'open') continue;
    changes.push(...judged(earlier, 'superseded', context));
  }
  const meeting = meetingOf(view, appointment);
  const { key, version } = proposal;
  return {
    kind: 'done',
    changes,
    answer: { kind: 'proposal', key, version },
    consequences: [],
    events: announce(view, 'appointment.discussed', meeting),
    told: [
      toldOf(meeting, appointment.owner_key, 'appointment_updated', user.key, {
        subject_key: user.key,
        proposal_key: key,
      }),
    ],
  };
}

/** A proposal that is no longer open. */
export function judged(
  proposal: Proposal,
  status: Exclude<Proposal['status'], 'open'>,
  context: DecideContext,
): readonly RowChange[] {
  const { origin_node, state_time } = context;
  const version = proposal.version + 1;
  const row: Proposal = { ...proposal, status, version, origin_node, updated_at: state_time };
  return [keepEarlier('proposal', proposal, context), { op: 'update', table: 'proposals', row }];
}

function proposalOf(
  body: ProposeTime,
  sequence: number,
  user_key: number,
  context: DecideContext,
): Proposal {
  return {
    key: context.nextKey(),
    appointment_key: body.appointment_key,
    user_key,
    start: body.start,
    end: body.end,
    start_offset_s: body.start_offset_s,
    end_offset_s: body.end_offset_s,
    all_day: body.all_day,
    time_zone: body.time_zone,
    note: body.note,
    sequence,
    status: 'open',
    version: 1,
    origin_node: context.origin_node,
    created_at: context.state_time,
    updated_at: context.state_time,
  };
}
