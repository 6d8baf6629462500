import { z } from 'zod';
import { listSchema } from './list-schema.ts';
import { instant_out_schema } from './time-schema.ts';

/** Where a person stands to an appointment. */
export const participation_schema = z.enum(['pending', 'accepted', 'declined', 'auto']);

export const participant_out_schema = z.object({
  id: z.string(),
  appointment_id: z.string(),
  user_id: z.string(),
  username: z.string(),
  display_name: z.string(),
  status: participation_schema,
  is_optional: z.boolean(),
  note: z.string().optional(),
  version: z.int().positive(),
  created_at: instant_out_schema,
  updated_at: instant_out_schema,
  has_conflict: z
    .boolean()
    .optional()
    .meta({
      description:
        'In what is read, of oneself, and for the owner of those placed: whether the person has ' +
        'something else at that time.',
    }),
});
export type ParticipantOut = z.infer<typeof participant_out_schema>;

export const participant_list_schema = listSchema(participant_out_schema);
