import type { JsonRoute } from '../../consensus/rpc/route.ts';
import { operatorProblem } from './problem.ts';
import type { OperatorAnswer } from './problem.ts';

export const WITH_BODY = operatorProblem(400, 'invalid_request', 'This call has no body.');

/** A route that the operators' key opens, and no replica's. */
export function operatorRoute(
  method: JsonRoute['method'],
  path: string,
  handle: (body: unknown) => Promise<OperatorAnswer>,
  { accepts_strangers = false } = {},
): JsonRoute {
  return {
    method,
    path,
    accepts_strangers,
    caller: 'operator',
    format: 'json',
    handle: ({ body }) => handle(body),
  };
}
