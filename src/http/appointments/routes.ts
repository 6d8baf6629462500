import { must } from '../../base/assert.ts';
import type { CreateAppointment } from '../../agenda/command.ts';
import { parseId } from '../../agenda/id.ts';
import type { Appointment, Key, User } from '../../agenda/model.ts';
import { presentAppointment } from '../present/appointment.ts';
import { presentOwner } from '../present/participant.ts';
import { ProblemError } from '../problem.ts';
import { etagOf, propose, writtenAnswer } from '../propose.ts';
import { callerOf, defineRoute, parameterOf } from '../route.ts';
import type { Answer, Route, RouteContext } from '../route.ts';
import type { ApiServices } from '../services.ts';
import { readAgendaPage } from './agenda-page.ts';
import { agenda_query_schema, create_appointment_schema } from './schema.ts';
import type { CreateAppointmentBody } from './schema.ts';

export function appointmentRoutes(services: ApiServices): readonly Route[] {
  const { view } = services.replica;
  return [
    defineRoute({
      method: 'POST',
      path: '/api/appointments',
      kind: 'write',
      access: 'user',
      body: create_appointment_schema,
      handle: (context) => createAppointment(services, context),
    }),
    defineRoute({
      method: 'GET',
      path: '/api/appointments/:id',
      kind: 'read',
      access: 'user',
      handle: (context) => {
        const { user } = callerOf(context);
        const appointment = seenBy(services, user, parameterOf(context, 'id'));
        const owner = must(view.userByKey(appointment.owner_key), 'an appointment of nobody');
        return {
          status: 200,
          headers: { ETag: etagOf(appointment.version) },
          body: {
            appointment: presentAppointment(appointment, user.key, services.clusterId()),
            participants: [presentOwner(appointment, owner)],
          },
        };
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/api/agenda',
      kind: 'read',
      access: 'user',
      query: agenda_query_schema,
      handle: (context) => {
        const { user } = callerOf(context);
        const { appointments, next_cursor } = readAgendaPage(view, user.key, context.query);
        const items = appointments.map((appointment) =>
          presentAppointment(appointment, user.key, services.clusterId()),
        );
        return { status: 200, body: next_cursor === null ? { items } : { items, next_cursor } };
      },
    }),
  ];
}

async function createAppointment(
  services: ApiServices,
  context: RouteContext<CreateAppointmentBody, unknown>,
): Promise<Answer> {
  const { user, user_id } = callerOf(context);
  const command = personalAppointment(context.body, user);
  const applied = await propose(services, context, user_id, command);
  const appointment = must(
    services.replica.view.appointmentByKey(applied.answer.key),
    'created, yet not there',
  );
  const body = presentAppointment(appointment, user.key, services.clusterId());
  return writtenAnswer(applied, {
    status: 201,
    location: `/api/appointments/${body.id}`,
    version: applied.answer.version,
    body,
  });
}

function personalAppointment(body: CreateAppointmentBody, owner: User): CreateAppointment {
  if (body.rrule !== undefined && body.rrule !== null) {
    throw notSupported('Recurring appointments are not there yet: leave rrule out.');
  }
  if (body.all_day) {
    throw notSupported('All-day appointments are not there yet: give start and end as times.');
  }
  if (body.group_id !== undefined && body.group_id !== null) {
    throw notSupported('Appointments of groups are not there yet: leave group_id out.');
  }
  if (body.participants.length > 0) {
    throw notSupported('Inviting people is not there yet: leave participants out.');
  }
  return {
    kind: 'appointment.create',
    title: body.title,
    description: body.description,
    start: body.start,
    end: body.end,
    all_day: body.all_day,
    time_zone: body.time_zone ?? owner.time_zone,
    privacy: body.privacy,
    busy: body.busy ?? true,
    calendar_key: body.calendar_id === undefined ? null : calendarKeyOf(body.calendar_id),
    allow_conflict: body.allow_conflict,
  };
}

function calendarKeyOf(calendar_id: string): Key {
  const key = parseId('cal', calendar_id);
  if (key !== null) return key;
  throw new ProblemError({ code: 'not_found', detail: 'There is no such calendar.' });
}

/** What one may not see answers like what is not there. */
function seenBy({ replica }: ApiServices, viewer: User, id: string): Appointment {
  const key = parseId('apt', id);
  const appointment = key === null ? null : replica.view.appointmentByKey(key);
  if (appointment === null || appointment.owner_key !== viewer.key) {
    throw new ProblemError({ code: 'not_found', detail: 'There is no such appointment.' });
  }
  return appointment;
}

function notSupported(detail: string): ProblemError {
  return new ProblemError({ code: 'not_supported', detail });
}
