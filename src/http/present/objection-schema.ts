import { z } from 'zod';
import { listSchema } from './list-schema.ts';
import { instant_out_schema } from './time-schema.ts';

/** What somebody has against an appointment; the last one of a person counts. */
export const objection_out_schema = z.object({
  appointment_id: z.string(),
  user_id: z.string(),
  note: z.string(),
  created_at: instant_out_schema,
});
export type ObjectionOut = z.infer<typeof objection_out_schema>;

export const objection_list_schema = listSchema(objection_out_schema);
