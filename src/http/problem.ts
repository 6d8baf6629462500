import type { ServerResponse } from 'node:http';
import type { FieldError } from '../agenda/refusal.ts';

/** The closed list of `api.md`, and what each means in HTTP. `docs/errors.md` explains them. */
export const problem_codes = {
  invalid_request: { status: 400, title: 'The request is not valid' },
  unauthenticated: { status: 401, title: 'Log in first' },
  forbidden: { status: 403, title: 'Not allowed' },
  imposed: { status: 403, title: 'Placed by somebody of a higher rank' },
  not_found: { status: 404, title: 'Not found' },
  username_taken: { status: 409, title: 'The username is taken' },
  email_taken: { status: 409, title: 'The e-mail is taken' },
  conflict: { status: 409, title: 'The time is taken' },
  stale: { status: 409, title: 'The answer is to an older state' },
  already_member: { status: 409, title: 'A member already' },
  precondition_failed: { status: 412, title: 'Changed meanwhile' },
  too_large: { status: 413, title: 'Too large' },
  not_supported: { status: 422, title: 'Not supported' },
  idempotency_key_reused: {
    status: 422,
    title: 'The Idempotency-Key was used for another request',
  },
  rate_limited: { status: 429, title: 'Too many requests' },
  internal_error: { status: 500, title: 'An error of the server' },
  no_leader: { status: 503, title: 'No leader' },
  no_quorum: { status: 503, title: 'No majority' },
  overloaded: { status: 503, title: 'Overloaded' },
  index_not_reached: { status: 503, title: 'This replica is behind' },
  draining: { status: 503, title: 'This replica is stopping' },
  outcome_unknown: { status: 504, title: 'The outcome is not known' },
} as const;

export type ProblemCode = keyof typeof problem_codes;

export interface Problem {
  readonly code: ProblemCode;
  /** A sentence for a person: what is wrong and what would be right. Never a secret. */
  readonly detail: string;
  readonly errors?: readonly FieldError[];
  /** Header fields besides the usual ones. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Members besides the usual ones (RFC 9457, section 3.2). */
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** The way a refusal leaves a handler; only the error funnel of the server catches it. */
export class ProblemError extends Error {
  override name = 'ProblemError';
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(`${problem.code}: ${problem.detail}`);
    this.problem = problem;
  }
}

/** Seconds after which a 503 is worth another try. */
const RETRY_AFTER_S = 1;

export const PROBLEM_CONTENT_TYPE = 'application/problem+json';

/** The body of a refusal (RFC 9457). */
export function problemDocument(problem: Problem, request_id: string) {
  const { status, title } = problem_codes[problem.code];
  return {
    type: `urn:agenda:problem:${problem.code}`,
    title,
    status,
    code: problem.code,
    detail: problem.detail,
    request_id,
    ...(problem.errors === undefined ? {} : { errors: problem.errors }),
    ...problem.extensions,
  };
}

/** Header fields that the code asks for, and those of the problem itself. */
export function problemHeaders({ code, headers }: Problem): Readonly<Record<string, string>> {
  const { status } = problem_codes[code];
  return {
    ...(status === 503 || status === 429 ? { 'Retry-After': String(RETRY_AFTER_S) } : {}),
    ...(status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {}),
    ...headers,
  };
}

/** A refusal as an answer. */
export function problemAnswer(problem: Problem, request_id: string) {
  const content = JSON.stringify(problemDocument(problem, request_id));
  return {
    status: problem_codes[problem.code].status,
    headers: problemHeaders(problem),
    text: { content_type: PROBLEM_CONTENT_TYPE, content },
  };
}

/** Answers with `application/problem+json`, beside the header fields that are set already. */
export function sendProblem(response: ServerResponse, problem: Problem, request_id: string): void {
  const { status, headers, text } = problemAnswer(problem, request_id);
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.statusCode = status;
  response.setHeader('Content-Type', text.content_type);
  response.setHeader('Content-Length', Buffer.byteLength(text.content));
  response.end(text.content);
}
