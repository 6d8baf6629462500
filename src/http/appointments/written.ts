import { must } from '../../base/assert.ts';
import { formatId, indexOfKey, ownerPartKey } from '../../agenda/id.ts';
import type { Appointment, Key } from '../../agenda/model.ts';
import type { LogIndex } from '../../consensus/raft/entry.ts';
import type { Applied } from '../outcome.ts';
import { rowAsWritten } from '../row-as-written.ts';
import { presentAppointment } from '../present/appointment.ts';
import type { AppointmentOut } from '../present/appointment-schema.ts';
import { presentObjection } from '../present/objection.ts';
import { presentOwner, presentParticipant } from '../present/participant.ts';
import type { ParticipantOut } from '../present/participant-schema.ts';
import { presentProposal } from '../present/proposal.ts';
import { writtenAnswer } from '../propose.ts';
import type { Answer } from '../route.ts';
import type { ApiServices } from '../services.ts';

type WrittenServices = Pick<ApiServices, 'replica' | 'clusterId'>;

/**
 * A new appointment. One that is not personal comes with those who are on it, as it made them: all have
 * their keys from the log entry that made it.
 */
export function createdAppointment(
  services: WrittenServices,
  applied: Applied,
  is_personal: boolean,
): Answer {
  const { view } = services.replica;
  const { key, version } = applied.answer;
  const written = writtenAppointment(services, applied);
  const appointment = presentWritten(services, written);
  const people = is_personal ? [] : view.participation.participantsMadeAt(indexOfKey(key));
  const participants = [
    ownerOf(services, written),
    ...people.map((one) => presentParticipant(one, userOf(services, one.user_key))),
  ];
  const body = is_personal ? appointment : { appointment, participants };
  const location = `/api/appointments/${appointment.id}`;
  return writtenAnswer(applied, { status: 201, location, version, body });
}

export function changedAppointment(services: WrittenServices, applied: Applied): Answer {
  const { version } = applied.answer;
  const body = presentWritten(services, writtenAppointment(services, applied));
  return writtenAnswer(applied, { status: 200, version, body });
}

/** Somebody's part in the appointment; the owner's follows from it. */
export function writtenParticipant(
  services: WrittenServices,
  applied: Applied,
  appointment_key: Key,
): Answer {
  const { view } = services.replica;
  const { key, version } = applied.answer;
  let body: ParticipantOut;
  if (key === ownerPartKey(appointment_key)) {
    body = ownerOf(services, must(view.appointmentByKey(appointment_key), 'a part in nothing'));
  } else {
    const present = view.participation.participantByKey(key);
    const written = rowAsWritten(view, 'participant', { key, version }, present);
    body = presentParticipant(written, userOf(services, written.user_key));
  }
  return writtenAnswer(applied, { status: 200, version, body });
}

/** Created by the entry that its key is of; any other found one of the person there, and changed it or not. */
export function writtenObjection(
  services: WrittenServices,
  applied: Applied,
  first_index: LogIndex | null,
): Answer {
  const { view } = services.replica;
  const { key, version } = applied.answer;
  const present = view.participation.objectionByKey(key);
  const body = presentObjection(rowAsWritten(view, 'objection', { key, version }, present));
  const is_new = first_index === null ? version === 1 : first_index === indexOfKey(key);
  if (!is_new) return writtenAnswer(applied, { status: 200, body });
  const location = `/api/appointments/${body.appointment_id}/objections`;
  return writtenAnswer(applied, { status: 201, location, body });
}

/** A proposal as it was made or judged, whatever became of the appointment after. */
export function writtenProposal(
  services: WrittenServices,
  applied: Applied,
  status: 200 | 201,
): Answer {
  const { view } = services.replica;
  const { key, version } = applied.answer;
  const present = view.participation.proposalByKey(key);
  const proposal = rowAsWritten(view, 'proposal', { key, version }, present);
  const body = presentProposal(proposal, proposal.status);
  const location = `/api/appointments/${body.appointment_id}/proposals/${formatId('prp', key)}`;
  return writtenAnswer(applied, { status, body, ...(status === 201 ? { location } : {}) });
}

/**
 * The appointment as the write left it, whatever came after. Versions are kept for as long as they can be
 * asked for, unless there are far too many: then it is shown as it is.
 */
function writtenAppointment({ replica }: WrittenServices, { answer }: Applied): Appointment {
  const { key, version } = answer;
  return must(
    replica.view.appointmentAt(key, version) ?? replica.view.appointmentByKey(key),
    'written, yet not there',
  );
}

/** To its owner: nobody else writes it. */
function presentWritten({ clusterId }: WrittenServices, appointment: Appointment): AppointmentOut {
  return presentAppointment(appointment, 'accepted', clusterId());
}

function ownerOf(services: WrittenServices, appointment: Appointment): ParticipantOut {
  return presentOwner(appointment, userOf(services, appointment.owner_key));
}

function userOf({ replica }: WrittenServices, user_key: Key) {
  return must(replica.view.userByKey(user_key), 'a part of nobody');
}
