import { z } from 'zod';
import { audit_components, audit_levels } from '../../agenda/audit.ts';
import { instant_out_schema } from './time-schema.ts';

export const audit_out_schema = z.object({
  id: z.string(),
  component: z.enum(audit_components),
  action: z.string().meta({ description: 'The kind of the command or of the event.' }),
  level: z.enum(audit_levels),
  message: z.string().meta({ description: 'What the action means.' }),
  actor_id: z.string().optional().meta({ description: 'Who did it, when somebody was logged in.' }),
  request_id: z.string(),
  node_id: z.string().meta({ description: 'The replica where it happened.' }),
  payload: z
    .record(z.string(), z.unknown())
    .nullable()
    .meta({ description: 'Ids and small facts; null when it was erased.' }),
  occurred_at: instant_out_schema,
  count: z
    .int()
    .optional()
    .meta({ description: 'So many equal events; the payload names requests of them.' }),
});
export type AuditOut = z.infer<typeof audit_out_schema>;

/** `GET /api/admin/audit/logs`. */
export const audit_list_schema = z.object({
  logs: z.array(audit_out_schema),
  next_cursor: z.string().optional().meta({ description: 'Of the next page; not on the last.' }),
});
