import { z } from 'zod';
import { appointment_out_schema } from './appointment-schema.ts';
import { listSchema } from './list-schema.ts';
import { moment_out_schema } from './time-schema.ts';

/** A time that somebody has something, and nothing else of it. */
export const busy_schema = z.object({
  kind: z.literal('busy'),
  user_id: z.string(),
  title: z.literal('Busy'),
  start: moment_out_schema,
  end: moment_out_schema,
  all_day: z.boolean(),
});
export type Busy = z.infer<typeof busy_schema>;

/** A group's agenda, as far as its reader sees it. */
export const group_agenda_schema = listSchema(z.union([appointment_out_schema, busy_schema]));
