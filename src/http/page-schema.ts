import { z } from 'zod';
import { limits } from '../limits.ts';
import { limitSchema } from './limit-schema.ts';

/** Parameters of every list that is read in pages. */
const page_fields = {
  limit: limitSchema(limits.list_items_default, limits.list_items_max),
  cursor: z.string().max(64, 'must be the next_cursor of an answer').optional(),
};

export const page_schema = z.strictObject(page_fields);
export type PageQuery = z.infer<typeof page_schema>;
