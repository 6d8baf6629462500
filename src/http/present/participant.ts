import { formatId, ownerPartKey } from '../../agenda/id.ts';
import type { Appointment, Participant, User } from '../../agenda/model.ts';
import { formatInstant } from '../instant.ts';
import type { ParticipantOut } from './participant-schema.ts';

/** The owner's participation: it follows from the appointment, so it is derived and not stored. */
export function presentOwner(appointment: Appointment, owner: User): ParticipantOut {
  return {
    id: formatId('par', ownerPartKey(appointment.key)),
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

/** Somebody on an appointment who is not its owner. */
export function presentParticipant(participant: Participant, user: User): ParticipantOut {
  return {
    id: formatId('par', participant.key),
    appointment_id: formatId('apt', participant.appointment_key),
    user_id: formatId('usr', user.key),
    username: user.username,
    display_name: user.display_name,
    status: participant.status,
    is_optional: participant.is_optional,
    ...(participant.note === null ? {} : { note: participant.note }),
    version: participant.version,
    created_at: formatInstant(participant.created_at),
    updated_at: formatInstant(participant.updated_at),
  };
}
