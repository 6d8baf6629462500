import { z } from 'zod';

/** How many items of a list one wants, as a parameter of the query. */
export function limitSchema(items_default: number, items_max: number) {
  const error = `must be a number from 1 to ${items_max}`;
  return z
    .string(error)
    .refine((text) => /^[1-9]\d{0,9}$/.test(text) && Number(text) <= items_max, { error })
    .meta({ type: 'integer', minimum: 1, maximum: items_max, default: items_default })
    .transform(Number)
    .default(items_default);
}
