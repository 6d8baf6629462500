import { parseId } from '../../agenda/id.ts';
import type { Key } from '../../agenda/model.ts';
import { ProblemError } from '../problem.ts';
import { propose } from '../propose.ts';
import { callerOf } from '../route.ts';
import type { Answer, RouteContext } from '../route.ts';
import type { ApiServices } from '../services.ts';
import { appointmentFields } from './fields.ts';
import { invitedPeople } from './people.ts';
import type { AppointmentBody } from './schema.ts';
import { createdAppointment } from './written.ts';

/** `POST /api/appointments`. */
export async function createAppointment(
  services: ApiServices,
  context: RouteContext<AppointmentBody>,
): Promise<Answer> {
  const { user } = callerOf(context);
  const { group_id, participants, follow_group, allow_conflict } = context.body;
  const group_key = groupKeyOf(group_id ?? null);
  const applied = await propose(services, context, {
    kind: 'appointment.create',
    ...appointmentFields(context.body, user),
    group_key,
    participants: invitedPeople(participants),
    follow_group,
    allow_conflict,
  });
  const is_personal = group_key === null && participants.length === 0;
  return createdAppointment(services, applied, is_personal);
}

function groupKeyOf(group_id: string | null): Key | null {
  if (group_id === null) return null;
  const key = parseId('grp', group_id);
  if (key !== null) return key;
  throw new ProblemError({ code: 'not_found', detail: 'There is no such group.' });
}
