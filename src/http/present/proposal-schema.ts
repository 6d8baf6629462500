import { z } from 'zod';
import { listSchema } from './list-schema.ts';
import { instant_out_schema, moment_out_schema } from './time-schema.ts';

/** Another time that somebody would like. */
export const proposal_out_schema = z.object({
  id: z.string(),
  appointment_id: z.string(),
  user_id: z.string(),
  start: moment_out_schema,
  end: moment_out_schema,
  note: z.string().optional(),
  status: z.enum(['open', 'accepted', 'rejected', 'superseded']),
  created_at: instant_out_schema,
});
export type ProposalOut = z.infer<typeof proposal_out_schema>;

export const proposal_list_schema = listSchema(proposal_out_schema);
