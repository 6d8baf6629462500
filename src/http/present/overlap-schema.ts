import { z } from 'zod';
import { moment_out_schema } from './time-schema.ts';

/** What a refused appointment overlaps, as far as the caller may see it. */
export const overlap_schema = z.object({
  id: z.string(),
  title: z.string(),
  start: moment_out_schema,
  end: moment_out_schema,
  all_day: z.boolean(),
});
export type Overlap = z.infer<typeof overlap_schema>;
