import { must } from '../../base/assert.ts';
import type { Applied } from '../outcome.ts';
import { presentAppointment } from '../present/appointment.ts';
import { writtenAnswer } from '../propose.ts';
import { callerOf } from '../route.ts';
import type { Answer, RouteContext } from '../route.ts';
import type { ApiServices } from '../services.ts';

type WrittenServices = Pick<ApiServices, 'replica' | 'clusterId'>;
type Context = RouteContext<unknown, unknown>;

export function createdAppointment(
  services: WrittenServices,
  context: Context,
  applied: Applied,
): Answer {
  const body = presentWritten(services, context, applied);
  const { version } = applied.answer;
  const location = `/api/appointments/${body.id}`;
  return writtenAnswer(applied, { status: 201, location, version, body });
}

export function changedAppointment(
  services: WrittenServices,
  context: Context,
  applied: Applied,
): Answer {
  const body = presentWritten(services, context, applied);
  return writtenAnswer(applied, { status: 200, version: applied.answer.version, body });
}

/**
 * The appointment as the write left it, whatever came after. Versions are kept for as long as they can be
 * asked for, unless there are far too many: then it is shown as it is.
 */
function presentWritten(
  { replica, clusterId }: WrittenServices,
  context: Context,
  { answer }: Applied,
) {
  const { key, version } = answer;
  const appointment = must(
    replica.view.appointmentAt(key, version) ?? replica.view.appointmentByKey(key),
    'written, yet not there',
  );
  return presentAppointment(appointment, callerOf(context).user.key, clusterId());
}
