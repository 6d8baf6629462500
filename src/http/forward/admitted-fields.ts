import { z } from 'zod';
import { limits } from '../../limits.ts';
import { isInstant } from '../instant.ts';

const OFFSET_S_MAX = 24 * 60 * 60;

/** Fields of forwarded commands that many kinds have. */
export const key = z.int().positive();
const versions = z.array(key).max(limits.if_match_versions_max);
export const if_match = versions.nullable();
/** Of commands that older programs make without it. */
export const later_if_match = versions.optional();
export const instant = z.number().refine(isInstant);
export const offset_s = z.int().min(-OFFSET_S_MAX).max(OFFSET_S_MAX);
/** A folded name only ever finds somebody: one that is folded otherwise finds nobody. */
export const named_person = {
  user_key: key.nullable(),
  username_folded: z
    .string()
    .max(limits.username_characters_max * 4)
    .nullable(),
};
