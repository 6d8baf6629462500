import { z } from 'zod';
import { problem_codes } from '../problem.ts';
import type { ProblemCode } from '../problem.ts';
import { overlap_schema } from './overlap-schema.ts';

const codes = Object.keys(problem_codes) as [ProblemCode, ...ProblemCode[]];

export const field_error_schema = z.object({ field: z.string(), detail: z.string() });

/** RFC 9457, with the code that programs look at. */
export const problem_schema = z.object({
  type: z.string().meta({ format: 'uri' }),
  title: z.string(),
  status: z.int().min(400).max(599),
  code: z.enum(codes),
  detail: z.string().meta({ description: 'For a person: what is wrong, and what would be right.' }),
  request_id: z.string(),
  errors: z
    .array(field_error_schema)
    .optional()
    .meta({ description: 'With `invalid_request`: each field that is wrong.' }),
  overlaps: z
    .array(overlap_schema)
    .optional()
    .meta({ description: 'With `conflict`: what takes the time already.' }),
});

/** Body of a 307: the same request belongs to the leader. */
export const redirect_schema = z.object({
  type: z.literal('about:blank'),
  title: z.string(),
  status: z.literal(307),
  detail: z.string(),
  request_id: z.string(),
  leader_id: z.string(),
  leader: z.string().meta({ format: 'uri' }),
});
