import {
  appointment_list_schema,
  appointment_with_participants_schema,
} from '../present/appointment-schema.ts';
import { group_agenda_schema } from '../present/busy-schema.ts';
import { objection_list_schema } from '../present/objection-schema.ts';
import { participant_list_schema, participant_out_schema } from '../present/participant-schema.ts';
import { proposal_list_schema, proposal_out_schema } from '../present/proposal-schema.ts';
import { defineRoute } from '../route.ts';
import type { Route } from '../route.ts';
import type { ApiServices } from '../services.ts';
import { readAgenda } from './agenda.ts';
import { readGroupAgenda } from './group-agenda.ts';
import {
  agenda_query_schema,
  group_agenda_query_schema,
  page_query_schema,
  search_query_schema,
} from './query-schema.ts';
import {
  readAppointment,
  readMyStatus,
  readObjections,
  readParticipants,
  readProposal,
  readProposals,
} from './read.ts';
import { searchAppointments } from './search.ts';

const ONE = '/api/appointments/:id';
const read = { kind: 'read', access: 'user', method: 'GET' } as const;

export function readRoutes(services: ApiServices): readonly Route[] {
  return [...readsOfMany(services), ...readsOfOne(services), ...readsOfTalk(services)];
}

function readsOfMany(services: ApiServices): readonly Route[] {
  return [
    defineRoute({
      ...read,
      path: '/api/agenda',
      query: agenda_query_schema,
      description: {
        summary: "What overlaps [start, end) on one's agenda, by start then id.",
        success: { status: 200, body: appointment_list_schema },
        refusals: ['overloaded'],
      },
      handle: (context) => readAgenda(services, context),
    }),
    defineRoute({
      ...read,
      path: '/api/groups/:id/agenda',
      query: group_agenda_query_schema,
      description: {
        summary: "What overlaps [start, end) on a group's agenda, as far as one sees it, by start.",
        success: { status: 200, body: group_agenda_schema },
        refusals: ['overloaded'],
      },
      handle: (context) => readGroupAgenda(services, context),
    }),
    defineRoute({
      ...read,
      path: '/api/search',
      query: search_query_schema,
      description: {
        summary: 'Appointments one sees, by title and description.',
        success: { status: 200, body: appointment_list_schema },
        refusals: ['overloaded'],
      },
      handle: (context) => searchAppointments(services, context),
    }),
  ];
}

function readsOfOne(services: ApiServices): readonly Route[] {
  return [
    defineRoute({
      ...read,
      path: ONE,
      description: {
        summary: 'An appointment and who takes part.',
        success: { status: 200, body: appointment_with_participants_schema, headers: ['ETag'] },
      },
      handle: (context) => readAppointment(services, context),
    }),
    defineRoute({
      ...read,
      path: `${ONE}/participants`,
      query: page_query_schema,
      description: {
        summary: 'Who takes part, the owner first.',
        success: { status: 200, body: participant_list_schema },
      },
      handle: (context) => readParticipants(services, context),
    }),
    defineRoute({
      ...read,
      path: `${ONE}/my-status`,
      description: {
        summary: 'How one takes part oneself.',
        success: { status: 200, body: participant_out_schema },
      },
      handle: (context) => readMyStatus(services, context),
    }),
  ];
}

function readsOfTalk(services: ApiServices): readonly Route[] {
  return [
    defineRoute({
      ...read,
      path: `${ONE}/proposals`,
      query: page_query_schema,
      description: {
        summary: 'Other times that were proposed, the oldest first.',
        success: { status: 200, body: proposal_list_schema },
      },
      handle: (context) => readProposals(services, context),
    }),
    defineRoute({
      ...read,
      path: `${ONE}/proposals/:pid`,
      description: {
        summary: 'A proposal of another time.',
        success: { status: 200, body: proposal_out_schema },
      },
      handle: (context) => readProposal(services, context),
    }),
    defineRoute({
      ...read,
      path: `${ONE}/objections`,
      query: page_query_schema,
      description: {
        summary: 'What people on it have against it.',
        success: { status: 200, body: objection_list_schema },
      },
      handle: (context) => readObjections(services, context),
    }),
  ];
}
