import type { z } from 'zod';
import { limits } from '../limits.ts';
import type { FieldError } from '../agenda/refusal.ts';
import { ProblemError } from './problem.ts';

/** The value as the schema reads it; else `invalid_request` that names every field that is wrong. */
export function validate<T>(schema: z.ZodType<T>, value: unknown, what: 'body' | 'query'): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const errors = fieldErrorsOf(result.error, what);
  const named = errors.map((error) => `${error.field}: ${error.detail}`).slice(0, 3);
  throw new ProblemError({ code: 'invalid_request', detail: named.join('; '), errors });
}

/** Refuses one field that a schema cannot judge. */
export function invalidField(field: string, detail: string): ProblemError {
  return new ProblemError({
    code: 'invalid_request',
    detail: `${field}: ${detail}`,
    errors: [{ field, detail }],
  });
}

/** Every field that is wrong, in the words of the contract. */
export function fieldErrorsOf(error: z.ZodError, what: 'body' | 'query'): readonly FieldError[] {
  return error.issues
    .flatMap((issue) => fieldErrors(issue, what))
    .slice(0, limits.problem_errors_max);
}

function fieldErrors(issue: z.core.$ZodIssue, what: 'body' | 'query'): FieldError[] {
  const path = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys') {
    const detail = what === 'body' ? 'is not a field of this request' : 'is not a parameter of it';
    return issue.keys.map((key) => ({ field: path === '' ? key : `${path}.${key}`, detail }));
  }
  return [{ field: path === '' ? what : path, detail: issue.message }];
}
