import { z } from 'zod';

/** A page of a list. */
export function listSchema<Item extends z.ZodType>(item: Item) {
  return z.object({
    items: z.array(item),
    next_cursor: z.string().optional().meta({ description: 'Of the next page; not on the last.' }),
  });
}
