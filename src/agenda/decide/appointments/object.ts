import type { ObjectToAppointment } from '../../command.ts';
import type { Objection } from '../../model.ts';
import type { RowChange } from '../../change.ts';
import type { RulesView } from '../../view.ts';
import { refuse } from '../decision.ts';
import type { DecideContext, Decision } from '../decision.ts';
import { keepEarlier } from '../earlier.ts';
import { announceWithin, toldOf } from './announce.ts';
import { openPart } from './discuss.ts';
import { meetingOf } from './meeting.ts';

/** Says what one has against it; it stays on the agenda. The last objection of a person counts. */
export function objectToAppointment(
  view: RulesView,
  body: ObjectToAppointment,
  context: DecideContext,
): Decision {
  const part = openPart(view, body, context);
  if (!part.ok) return refuse(part.error);
  const { user, appointment } = part.value;
  const { origin_node, state_time } = context;
  const current = view.participation.objectionOf(appointment.key, user.key);
  if (current !== null && current.note === body.note) return objected(current);
  const meeting = meetingOf(view, appointment);
  const row: Objection = {
    key: current?.key ?? context.nextKey(),
    appointment_key: appointment.key,
    user_key: user.key,
    note: body.note,
    version: (current?.version ?? 0) + 1,
    origin_node,
    created_at: state_time,
    updated_at: state_time,
  };
  const changes: RowChange[] =
    current === null
      ? [{ op: 'insert', table: 'objections', row }]
      : [keepEarlier('objection', current, context), { op: 'update', table: 'objections', row }];
  return {
    ...objected(row),
    changes,
    events: announceWithin(view, 'appointment.discussed', meeting),
    told: [
      toldOf(meeting, appointment.owner_key, 'appointment_updated', user.key, {
        subject_key: user.key,
      }),
    ],
  };
}

function objected({ key, version }: Objection): Extract<Decision, { kind: 'done' }> {
  const answer = { kind: 'objection', key, version } as const;
  return { kind: 'done', changes: [], answer, consequences: [], events: [] };
}
