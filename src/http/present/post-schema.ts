import { z } from 'zod';
import { listSchema } from './list-schema.ts';
import { instant_out_schema } from './time-schema.ts';

/** "Post" of the contract. */
export const post_out_schema = z.object({
  id: z.string(),
  author_id: z.string(),
  author_username: z.string(),
  group_id: z.string().optional().meta({ description: 'Without one it is to everyone.' }),
  content: z.string(),
  created_at: instant_out_schema,
});
export type PostOut = z.infer<typeof post_out_schema>;

export const post_list_schema = listSchema(post_out_schema);
