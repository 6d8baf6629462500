import { objection_out_schema } from '../present/objection-schema.ts';
import { participant_out_schema } from '../present/participant-schema.ts';
import { proposal_out_schema } from '../present/proposal-schema.ts';
import { defineRoute } from '../route.ts';
import type { Route } from '../route.ts';
import type { ApiServices } from '../services.ts';
import { answerInvitation, objectToAppointment, releaseParticipant } from './answers.ts';
import { acceptProposal, proposeTime, rejectProposal } from './proposals.ts';
import {
  answer_schema,
  objection_schema,
  proposal_acceptance_schema,
  proposal_schema,
} from './schema.ts';

const ONE = '/api/appointments/:id';
const write = { kind: 'write', access: 'user', method: 'POST' } as const;
const part = { status: 200, body: participant_out_schema, headers: ['ETag'] } as const;
const proposal = { status: 200, body: proposal_out_schema } as const;

/** What people on appointments say of them, and what their owners make of that. */
export function answerRoutes(services: ApiServices): readonly Route[] {
  return [...answers(services), ...proposals(services)];
}

function answers(services: ApiServices): readonly Route[] {
  const answer = { ...write, body: answer_schema, has_optional_body: true } as const;
  return [
    defineRoute({
      ...answer,
      path: `${ONE}/accept`,
      description: {
        summary: 'Accept an invitation.',
        success: part,
        refusals: ['forbidden', 'stale'],
        takes_if_match: true,
      },
      handle: (context) => answerInvitation(services, context, 'accepted'),
    }),
    defineRoute({
      ...answer,
      path: `${ONE}/reject`,
      description: {
        summary: 'Decline an invitation; who was placed cannot.',
        success: part,
        refusals: ['forbidden', 'imposed', 'stale'],
        takes_if_match: true,
      },
      handle: (context) => answerInvitation(services, context, 'declined'),
    }),
    defineRoute({
      ...write,
      path: `${ONE}/objection`,
      body: objection_schema,
      description: {
        summary: 'Say what one has against it, and stay on it.',
        success: { status: 201, body: objection_out_schema, headers: ['Location'] },
        success_when_there: { status: 200, body: objection_out_schema },
        refusals: ['forbidden'],
        takes_if_match: true,
      },
      handle: (context) => objectToAppointment(services, context),
    }),
    defineRoute({
      ...write,
      path: `${ONE}/participants/:user_id/release`,
      description: {
        summary: 'Let go somebody who was placed.',
        success: part,
        refusals: ['forbidden'],
        takes_if_match: true,
      },
      handle: (context) => releaseParticipant(services, context),
    }),
  ];
}

function proposals(services: ApiServices): readonly Route[] {
  return [
    defineRoute({
      ...write,
      path: `${ONE}/proposals`,
      body: proposal_schema,
      description: {
        summary: 'Propose another time.',
        success: { ...proposal, status: 201, headers: ['Location'] },
        refusals: ['forbidden'],
        takes_if_match: true,
      },
      handle: (context) => proposeTime(services, context),
    }),
    defineRoute({
      ...write,
      path: `${ONE}/proposals/:pid/accept`,
      body: proposal_acceptance_schema,
      has_optional_body: true,
      description: {
        summary: 'Move the appointment to the proposed time.',
        success: proposal,
        refusals: ['forbidden', 'conflict', 'stale'],
        takes_if_match: true,
      },
      handle: (context) => acceptProposal(services, context),
    }),
    defineRoute({
      ...write,
      path: `${ONE}/proposals/:pid/reject`,
      description: {
        summary: 'Keep the time as it is.',
        success: proposal,
        refusals: ['forbidden', 'stale'],
        takes_if_match: true,
      },
      handle: (context) => rejectProposal(services, context),
    }),
  ];
}
