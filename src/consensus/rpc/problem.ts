import { randomUUID } from 'node:crypto';

/** Codes of the API's closed list that this channel uses, each with its status. */
const PROBLEMS = {
  invalid_request: { status: 400, title: 'Invalid request' },
  unauthenticated: { status: 401, title: 'Unauthenticated' },
  too_large: { status: 413, title: 'Too large' },
  internal_error: { status: 500, title: 'Internal error' },
  draining: { status: 503, title: 'Not serving' },
} as const;

export type ProblemCode = keyof typeof PROBLEMS;

export const PROBLEM_CONTENT_TYPE = 'application/problem+json';

/** A refusal as `application/problem+json` (RFC 9457). */
export interface Problem {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  readonly code: ProblemCode;
  readonly detail: string;
  readonly request_id: string;
}

const REQUEST_ID_PATTERN = /^[A-Za-z0-9._-]{1,128}$/;

/** `request_id` is the client's when it is well formed, else a fresh one. */
export function problemOf(
  code: ProblemCode,
  detail: string,
  request_id: string | readonly string[] | undefined,
): Problem {
  const { status, title } = PROBLEMS[code];
  const well_formed = typeof request_id === 'string' && REQUEST_ID_PATTERN.test(request_id);
  return {
    type: 'about:blank',
    title,
    status,
    code,
    detail,
    request_id: well_formed ? request_id : randomUUID(),
  };
}
