import { formatId } from '../../agenda/id.ts';
import type { Appointment, User } from '../../agenda/model.ts';
import { formatInstant } from '../instant.ts';
import type { ParticipantOut } from './participant-schema.ts';

/**
 * The owner's participation: it follows from the appointment, so it is derived and not stored. Its id takes
 * the key after the appointment's; ids of different kinds share no names.
 */
export function presentOwner(appointment: Appointment, owner: User): ParticipantOut {
  return {
    id: formatId('par', appointment.key + 1),
    appointment_id: formatId('apt', appointment.key),
    user_id: formatId('usr', owner.key),
    username: owner.username,
    display_name: owner.display_name,
    status: 'accepted',
    is_optional: false,
    version: 1,
    created_at: formatInstant(appointment.created_at),
    updated_at: formatInstant(appointment.created_at),
  };
}
