import {
  appointment_out_schema,
  created_appointment_schema,
} from '../present/appointment-schema.ts';
import { defineRoute } from '../route.ts';
import type { Route } from '../route.ts';
import type { ApiServices } from '../services.ts';
import {
  cancelAppointment,
  patchAppointment,
  replaceAppointment,
  restoreAppointment,
} from './change.ts';
import { createAppointment } from './create.ts';
import { appointment_patch_schema, appointment_schema, restore_schema } from './schema.ts';

const COLLECTION = '/api/appointments';
const ONE = '/api/appointments/:id';

/** What owners do to appointments. */
export function writeRoutes(services: ApiServices): readonly Route[] {
  const write = { kind: 'write', access: 'user' } as const;
  const changed = { status: 200, body: appointment_out_schema, headers: ['ETag'] } as const;
  return [
    defineRoute({
      ...write,
      method: 'POST',
      path: COLLECTION,
      body: appointment_schema,
      description: {
        summary: "Put something on one's agenda, alone, with people, or in a group.",
        success: { status: 201, body: created_appointment_schema, headers: ['ETag', 'Location'] },
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
        refusals: ['forbidden', 'imposed'],
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
        refusals: ['forbidden', 'conflict'],
        takes_if_match: true,
      },
      handle: (context) => restoreAppointment(services, context),
    }),
  ];
}
