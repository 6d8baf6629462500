import { formatId } from '../../agenda/id.ts';
import type { Appointment, ParticipantStatus } from '../../agenda/model.ts';
import { formatInstant } from '../instant.ts';
import type { AppointmentOut } from './appointment-schema.ts';
import { presentTimes } from './times.ts';

/**
 * An appointment as the viewer sees it, who has been found to be allowed to. `my_status`: how they take
 * part in it; null: they do not.
 */
export function presentAppointment(
  appointment: Appointment,
  my_status: ParticipantStatus | null,
  cluster_id: string,
): AppointmentOut {
  const id = formatId('apt', appointment.key);
  return {
    id,
    uid: appointment.uid ?? `${id}@${cluster_id}`,
    title: appointment.title,
    description: appointment.description,
    owner_id: formatId('usr', appointment.owner_key),
    group_id: appointment.group_key === null ? null : formatId('grp', appointment.group_key),
    calendar_id: formatId('cal', appointment.calendar_key),
    ...presentTimes(appointment),
    all_day: appointment.all_day,
    time_zone: appointment.time_zone,
    privacy: appointment.privacy,
    busy: appointment.busy,
    status: appointment.status,
    sequence: appointment.sequence,
    version: appointment.version,
    origin_node: appointment.origin_node,
    created_at: formatInstant(appointment.created_at),
    updated_at: formatInstant(appointment.updated_at),
    ...(my_status === null ? {} : { my_status }),
  };
}
