import { z } from 'zod';
import { limits } from '../../limits.ts';
import { id_schema } from '../id-schema.ts';
import { page_schema } from '../page-schema.ts';
import { textSchema } from '../text-schema.ts';

/** Without a group it is to everyone. */
export const post_schema = z.strictObject({
  content: textSchema({ min: 1, max: limits.post_characters_max, is_multiline: true }),
  group_id: id_schema.optional(),
});
export type PostBody = z.infer<typeof post_schema>;

/** `group_id`: only those to that group. */
export const post_query_schema = page_schema.extend({ group_id: id_schema.optional() });
export type PostQuery = z.infer<typeof post_query_schema>;
