import type { CommandBody } from '../../agenda/command.ts';
import { parseId } from '../../agenda/id.ts';
import type { Key } from '../../agenda/model.ts';
import { limits } from '../../limits.ts';
import { laterIfMatchOf } from '../if-match.ts';
import { OutdatedError } from '../outcome.ts';
import { ProblemError } from '../problem.ts';
import { propose } from '../propose.ts';
import { parameterOf } from '../route.ts';
import type { Answer, RouteContext } from '../route.ts';
import type { ApiServices } from '../services.ts';
import { invalidField } from '../validate.ts';
import { timesOf } from './fields.ts';
import { NOT_A_DATE, NOT_AN_INSTANT } from './schema.ts';
import type { ProposalAcceptanceBody, ProposalBody } from './schema.ts';
import { appointmentKeyOf } from './see.ts';
import { writtenProposal } from './written.ts';

/**
 * `POST /api/appointments/{id}/proposals`. The times are worked out in the zone that the appointment has
 * as it is known here; when apply meets another, they are worked out again. Whether it is there to be seen
 * is judged in apply alone, after what is remembered of the same request.
 */
export async function proposeTime(
  services: ApiServices,
  context: RouteContext<ProposalBody>,
): Promise<Answer> {
  const { view } = services.replica;
  const appointment_key = appointmentKeyOf(context);
  const { start, end, note = null } = context.body;
  const all_day = start.date !== null;
  const if_match = laterIfMatchOf(context.request);
  for (let attempt = 1; attempt <= limits.recompute_attempts_max; attempt += 1) {
    const time_zone = view.appointmentByKey(appointment_key)?.time_zone ?? 'UTC';
    const times = timesOf(start, end, time_zone);
    const body: CommandBody = {
      kind: 'appointment.propose',
      appointment_key,
      ...if_match,
      all_day,
      time_zone,
      ...times,
      note,
    };
    try {
      const applied = await propose(services, context, body);
      return writtenProposal(services, applied, 201);
    } catch (error) {
      if (!(error instanceof OutdatedError)) throw error;
    }
    const met = view.appointmentByKey(appointment_key);
    if (met !== null && met.all_day !== all_day) {
      throw invalidField('start', met.all_day ? NOT_A_DATE : NOT_AN_INSTANT);
    }
  }
  const detail = 'The appointment keeps changing; nothing was proposed, try again.';
  throw new ProblemError({ code: 'overloaded', detail });
}

/** `POST /api/appointments/{id}/proposals/{pid}/accept`. */
export async function acceptProposal(
  services: ApiServices,
  context: RouteContext<ProposalAcceptanceBody>,
): Promise<Answer> {
  const { allow_conflict } = context.body;
  const body = { kind: 'appointment.accept_proposal', ...proposalOf(context) } as const;
  const applied = await propose(services, context, { ...body, allow_conflict });
  return writtenProposal(services, applied, 200);
}

/** `POST /api/appointments/{id}/proposals/{pid}/reject`. */
export async function rejectProposal(
  services: ApiServices,
  context: RouteContext,
): Promise<Answer> {
  const body = { kind: 'appointment.reject_proposal', ...proposalOf(context) } as const;
  const applied = await propose(services, context, body);
  return writtenProposal(services, applied, 200);
}

/** What the path names, in which versions of the appointment. Throws `not_found`. */
function proposalOf(context: RouteContext): {
  readonly appointment_key: Key;
  readonly if_match?: readonly number[];
  readonly proposal_key: Key;
} {
  const appointment_key = appointmentKeyOf(context);
  const proposal_key = parseId('prp', parameterOf(context, 'pid'));
  if (proposal_key === null) throw noSuchProposal();
  return { appointment_key, ...laterIfMatchOf(context.request), proposal_key };
}

export function noSuchProposal(): ProblemError {
  return new ProblemError({ code: 'not_found', detail: 'There is no such proposal.' });
}
