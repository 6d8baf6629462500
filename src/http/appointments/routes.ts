import { must } from '../../base/assert.ts';
import type { Appointment } from '../../agenda/model.ts';
import { limits } from '../../limits.ts';
import { presentAppointment } from '../present/appointment.ts';
import {
  appointment_list_schema,
  appointment_out_schema,
  appointment_with_participants_schema,
} from '../present/appointment-schema.ts';
import { presentOwner } from '../present/participant.ts';
import { participant_list_schema, participant_out_schema } from '../present/participant-schema.ts';
import { ProblemError } from '../problem.ts';
import { etagOf, propose } from '../propose.ts';
import { callerOf, defineRoute, parameterOf } from '../route.ts';
import type { Answer, Route, RouteContext } from '../route.ts';
import type { ApiServices } from '../services.ts';
import { invalidField } from '../validate.ts';
import { readAgendaPage } from './agenda-page.ts';
import type { AgendaPage } from './agenda-page.ts';
import { agendaChunks } from './agenda-stream.ts';
import {
  cancelAppointment,
  patchAppointment,
  replaceAppointment,
  restoreAppointment,
} from './change.ts';
import { personalFields } from './fields.ts';
import {
  agenda_query_schema,
  participants_query_schema,
  search_query_schema,
} from './query-schema.ts';
import type { AgendaQuery } from './query-schema.ts';
import { appointment_patch_schema, appointment_schema, restore_schema } from './schema.ts';
import type { AppointmentBody } from './schema.ts';
import { searchAppointments } from './search.ts';
import { noSuchAppointment, seenBy } from './see.ts';
import { createdAppointment } from './written.ts';

const COLLECTION = '/api/appointments';
const ONE = '/api/appointments/:id';

export function appointmentRoutes(services: ApiServices): readonly Route[] {
  return [...writes(services), ...reads(services)];
}

function writes(services: ApiServices): readonly Route[] {
  const write = { kind: 'write', access: 'user' } as const;
  const changed = { status: 200, body: appointment_out_schema, headers: ['ETag'] } as const;
  return [
    defineRoute({
      ...write,
      method: 'POST',
      path: COLLECTION,
      body: appointment_schema,
      description: {
        summary: "Put something on one's agenda.",
        success: { status: 201, body: appointment_out_schema, headers: ['ETag', 'Location'] },
        refusals: ['not_found', 'conflict', 'not_supported'],
      },
      handle: (context) => createAppointment(services, context),
    }),
    defineRoute({
      ...write,
      method: 'PUT',
      path: ONE,
      body: appointment_schema,
      description: {
        summary: 'Replace an appointment; what is left out takes its default.',
        success: changed,
        refusals: ['forbidden', 'conflict', 'not_supported'],
        takes_if_match: true,
      },
      handle: (context) => replaceAppointment(services, context),
    }),
    defineRoute({
      ...write,
      method: 'PATCH',
      path: ONE,
      body: appointment_patch_schema,
      description: {
        summary: 'Change some of an appointment (RFC 7396).',
        success: changed,
        refusals: ['forbidden', 'conflict', 'not_supported', 'no_quorum'],
        takes_if_match: true,
      },
      handle: (context) => patchAppointment(services, context),
    }),
    defineRoute({
      ...write,
      method: 'DELETE',
      path: ONE,
      description: {
        summary: 'Cancel an appointment; it can be restored for 30 days.',
        success: { status: 204, headers: ['ETag'] },
        takes_if_match: true,
      },
      handle: (context) => cancelAppointment(services, context),
    }),
    defineRoute({
      ...write,
      method: 'POST',
      path: `${ONE}/restore`,
      body: restore_schema,
      has_optional_body: true,
      description: {
        summary: 'Take back that an appointment was cancelled.',
        success: changed,
        refusals: ['conflict'],
        takes_if_match: true,
      },
      handle: (context) => restoreAppointment(services, context),
    }),
  ];
}

function reads(services: ApiServices): readonly Route[] {
  const { view } = services.replica;
  const read = { kind: 'read', access: 'user' } as const;
  return [
    defineRoute({
      ...read,
      method: 'GET',
      path: ONE,
      description: {
        summary: 'An appointment and who takes part.',
        success: { status: 200, body: appointment_with_participants_schema, headers: ['ETag'] },
      },
      handle: (context) => readAppointment(services, context),
    }),
    defineRoute({
      ...read,
      method: 'GET',
      path: `${ONE}/participants`,
      query: participants_query_schema,
      description: {
        summary: 'Who takes part.',
        success: { status: 200, body: participant_list_schema },
      },
      handle: (context) => {
        // All are on the first page, and no answer had a cursor.
        if (context.query.cursor !== undefined) {
          throw invalidField('cursor', 'must be the next_cursor of an answer');
        }
        return { status: 200, body: { items: [ownerIn(services, seen(services, context))] } };
      },
    }),
    defineRoute({
      ...read,
      method: 'GET',
      path: `${ONE}/my-status`,
      description: {
        summary: 'How one takes part oneself.',
        success: { status: 200, body: participant_out_schema },
      },
      // Whoever sees it is its owner.
      handle: (context) => ({ status: 200, body: ownerIn(services, seen(services, context)) }),
    }),
    defineRoute({
      ...read,
      method: 'GET',
      path: '/api/agenda',
      query: agenda_query_schema,
      description: {
        summary: "What overlaps [start, end) on one's agenda, by start then id.",
        success: { status: 200, body: appointment_list_schema },
      },
      handle: (context) => readAgenda(services, context),
    }),
    defineRoute({
      ...read,
      method: 'GET',
      path: '/api/search',
      query: search_query_schema,
      description: {
        summary: 'Appointments by title and description.',
        success: { status: 200, body: appointment_list_schema },
      },
      handle: (context) =>
        listed(
          services,
          context,
          searchAppointments(view, callerOf(context).user.key, context.query),
        ),
    }),
  ];
}

async function createAppointment(
  services: ApiServices,
  context: RouteContext<AppointmentBody, unknown>,
): Promise<Answer> {
  const { user, user_id } = callerOf(context);
  const applied = await propose(services, context, user_id, {
    kind: 'appointment.create',
    ...personalFields(context.body, user),
    group_key: null,
    participants: [],
    follow_group: context.body.follow_group,
    allow_conflict: context.body.allow_conflict,
  });
  return createdAppointment(services, context, applied);
}

function readAppointment(services: ApiServices, context: RouteContext<unknown, unknown>): Answer {
  const appointment = seen(services, context);
  const { key } = callerOf(context).user;
  return {
    status: 200,
    headers: { ETag: etagOf(appointment.version) },
    body: {
      appointment: presentAppointment(appointment, key, services.clusterId()),
      participants: [ownerIn(services, appointment)],
    },
  };
}

function seen(services: ApiServices, context: RouteContext<unknown, unknown>): Appointment {
  const { view } = services.replica;
  const appointment = seenBy(view, callerOf(context).user, parameterOf(context, 'id'));
  if (appointment === null) throw noSuchAppointment();
  return appointment;
}

function ownerIn({ replica }: ApiServices, appointment: Appointment) {
  const owner = must(replica.view.userByKey(appointment.owner_key), 'an appointment of nobody');
  return presentOwner(appointment, owner);
}

/** A page of one slice is answered at once; a larger one is made while it is sent. */
function readAgenda(services: ApiServices, context: RouteContext<unknown, AgendaQuery>): Answer {
  const { view } = services.replica;
  const { key } = callerOf(context).user;
  const { query } = context;
  const first = { ...query, limit: Math.min(query.limit, limits.agenda_slice) };
  const page = readAgendaPage(view, key, first);
  if (page.next_cursor === null || first.limit === query.limit) {
    return listed(services, context, page);
  }
  const snapshot = view.agendaSnapshot();
  if (snapshot === null) {
    const detail = 'Too many large agendas are being read; try again, or with a smaller limit.';
    throw new ProblemError({ code: 'overloaded', detail });
  }
  const cluster_id = services.clusterId();
  const chunks = agendaChunks(snapshot, key, query, ({ appointment }) =>
    presentAppointment(appointment, key, cluster_id),
  );
  return { status: 200, chunks };
}

function listed(
  services: ApiServices,
  context: RouteContext<unknown, unknown>,
  { entries, next_cursor }: AgendaPage,
): Answer {
  const { key } = callerOf(context).user;
  const items = entries.map(({ appointment }) =>
    presentAppointment(appointment, key, services.clusterId()),
  );
  return { status: 200, body: next_cursor === null ? { items } : { items, next_cursor } };
}
