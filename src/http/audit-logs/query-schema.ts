import { z } from 'zod';
import { audit_components, audit_levels } from '../../agenda/audit.ts';
import { parseId } from '../../agenda/id.ts';
import { limits } from '../../limits.ts';
import { instant_schema } from '../appointments/schema.ts';
import { limitSchema } from '../limit-schema.ts';

const name_schema = z
  .string('must be text')
  .min(1, 'must not be empty')
  .max(128, 'must have at most 128 characters');

/** An id that is none names nobody: key 0. */
const actor_schema = z
  .string('must be an id')
  .max(64, 'must be an id')
  .transform((id) => parseId('usr', id) ?? 0);

export const audit_query_schema = z
  .strictObject({
    component: z.enum(audit_components, `must be one of ${audit_components.join(', ')}`).optional(),
    action: name_schema.optional(),
    level: z.enum(audit_levels, `must be one of ${audit_levels.join(', ')}`).optional(),
    request_id: name_schema.optional(),
    actor_id: actor_schema.optional(),
    node_id: name_schema.optional(),
    since: instant_schema.optional(),
    until: instant_schema.optional(),
    limit: limitSchema(limits.list_items_default, limits.list_items_max),
    cursor: z.string().max(64, 'must be the next_cursor of an answer').optional(),
    scope: z.enum(['cluster', 'local'], 'must be cluster or local').default('cluster'),
  })
  .refine(({ since, until }) => since === undefined || until === undefined || until > since, {
    path: ['until'],
    error: 'must be after since',
  });
export type AuditQuery = z.infer<typeof audit_query_schema>;
