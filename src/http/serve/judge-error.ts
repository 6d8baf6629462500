import { recordRefusal } from '../audit-logs/record-refusal.ts';
import { ProblemError } from '../problem.ts';
import type { Problem } from '../problem.ts';
import type { Served } from './served.ts';
import type { ApiServices } from '../services.ts';

/** What a request is told that ended with an error. The log is told of a defect, the audit of a refusal. */
export function judgeError(
  { log, audit }: Pick<ApiServices, 'log' | 'audit'>,
  { request, exchange }: Pick<Served, 'request' | 'exchange'>,
  error: unknown,
): Problem {
  const { request_id, route } = exchange;
  const problem = problemOf(error);
  recordRefusal(audit, request.method ?? '', exchange, problem.code);
  if (problem.code === 'internal_error' && !(error instanceof ProblemError)) {
    log.error({ err: error, request_id, route }, 'a request failed by an error of the server');
  }
  return problem;
}

function problemOf(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  if (isPreconditionOfPage(error)) {
    return { code: 'precondition_failed', detail: 'This file is another one by now.' };
  }
  const detail = 'Something went wrong here; the request id leads to it in the log.';
  return { code: 'internal_error', detail };
}

/** What Express itself refuses: an If-Match of the page. */
function isPreconditionOfPage(error: unknown): boolean {
  return error instanceof Error && 'status' in error && error.status === 412;
}
