import { limits } from '../../../limits.ts';
import type { RowChange } from '../../change.ts';
import type { ProposeTime } from '../../command.ts';
import type { Appointment, Key, Proposal } from '../../model.ts';
import { standingOf } from '../../proposal.ts';
import type { RulesView } from '../../view.ts';
import { refuse } from '../decision.ts';
import type { DecideContext, Decision } from '../decision.ts';
import { keepEarlier } from '../earlier.ts';
import { announceWithin, toldOf } from './announce.ts';
import { openPart } from './discuss.ts';
import { wrongField, wrongTimes } from './fields.ts';
import { meetingOf } from './meeting.ts';

/** Another time that somebody on it would like; it takes the place of what they proposed before. */
export function proposeTime(view: RulesView, body: ProposeTime, context: DecideContext): Decision {
  const part = openPart(view, body, context);
  if (!part.ok) return refuse(part.error);
  const { user, appointment } = part.value;
  if (body.all_day !== appointment.all_day || body.time_zone !== appointment.time_zone) {
    return refuse({ code: 'outdated', detail: 'It was changed meanwhile; compute it again.' });
  }
  const wrong = wrongTimes(body);
  if (wrong !== null) return refuse(wrong);
  if (body.start === appointment.start && body.end === appointment.end) {
    return refuse(wrongField('start', 'must be another time: this is the present one'));
  }
  const proposals = view.participation.proposalsOf(appointment.key);
  const changes = withdrawn(proposals, appointment, user.key, context);
  if (changes === null) {
    const detail = `An appointment can have at most ${limits.proposals_max} open proposals.`;
    return refuse({ code: 'too_large', detail });
  }
  const proposal = proposalOf(body, appointment.sequence, user.key, context);
  changes.push({ op: 'insert', table: 'proposals', row: proposal });
  const meeting = meetingOf(view, appointment);
  const { key, version } = proposal;
  return {
    kind: 'done',
    changes,
    answer: { kind: 'proposal', key, version },
    consequences: [],
    events: announceWithin(view, 'appointment.discussed', meeting),
    told: [
      toldOf(meeting, appointment.owner_key, 'appointment_updated', user.key, {
        subject_key: user.key,
        proposal_key: key,
      }),
    ],
  };
}

/**
 * One person has one open proposal: what they proposed before is superseded. When there are too many, the
 * oldest that is open no longer goes. Null: all are open.
 */
function withdrawn(
  proposals: readonly Proposal[],
  appointment: Appointment,
  user_key: Key,
  context: DecideContext,
): RowChange[] | null {
  const isOpen = (one: Proposal): boolean => standingOf(one, appointment) === 'open';
  const own = proposals.find((one) => one.user_key === user_key && isOpen(one));
  if (proposals.length < limits.proposals_max) {
    return own === undefined ? [] : [...judged(own, 'superseded', context)];
  }
  const going = proposals.find((one) => !isOpen(one)) ?? own;
  if (going === undefined) return null;
  const gone: RowChange[] = [
    keepEarlier('proposal', going, context),
    { op: 'delete', table: 'proposals', row: { key: going.key } },
  ];
  return own === undefined || own === going
    ? gone
    : [...gone, ...judged(own, 'superseded', context)];
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
