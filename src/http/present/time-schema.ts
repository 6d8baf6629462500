import { z } from 'zod';

/** UTC with seconds; milliseconds only when not zero. */
export const instant_out_schema = z.string().meta({ format: 'date-time' });

/** An instant in UTC, or the date of something all-day. */
export const moment_out_schema = z
  .string()
  .meta({ anyOf: [{ format: 'date-time' }, { format: 'date' }] });
