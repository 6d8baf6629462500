import { z } from 'zod';
import { limits } from '../../limits.ts';
import { isInstant } from '../instant.ts';
import { isTimeZone } from '../time-zone.ts';

const OFFSET_S_MAX = 24 * 60 * 60;

/** Fields of forwarded commands that many kinds have. */
export const key = z.int().positive();
const versions = z.array(key).max(limits.if_match_versions_max);
export const if_match = versions.nullable();
/** Of commands that older programs make without it. */
export const later_if_match = versions.optional();
const offset_s = z.int().min(-OFFSET_S_MAX).max(OFFSET_S_MAX);
/** When something is: {@link hasWritableTimes} says which instants they may be. */
export const times = {
  all_day: z.boolean(),
  time_zone: z.string().refine(isTimeZone),
  start: z.int(),
  end: z.int(),
  start_offset_s: offset_s,
  end_offset_s: offset_s,
};
type Times = z.infer<z.ZodObject<typeof times>>;
/** A folded name only ever finds somebody: one that is folded otherwise finds nobody. */
export const named_person = {
  user_key: key.nullable(),
  username_folded: z
    .string()
    .max(limits.username_characters_max * 4)
    .nullable(),
};

/** All-day is written as dates: midnight of the first date there is lies before the first instant in the east. */
export function hasWritableTimes(given: Times): boolean {
  const { all_day, start, end, start_offset_s, end_offset_s } = given;
  if (!all_day) return isInstant(start) && isInstant(end);
  return isInstant(start + start_offset_s * 1000) && isInstant(end + end_offset_s * 1000);
}
