import { problem_codes } from '../problem.ts';
import type { ProblemCode } from '../problem.ts';
import type { Route } from '../route.ts';

const all_codes = Object.keys(problem_codes) as readonly ProblemCode[];

/** Every code that a line of the route table can answer with, in the order of the contract. */
export function refusalsOf(route: Route): readonly ProblemCode[] {
  const { kind, access, body, path, description } = route;
  const codes: ProblemCode[] = ['internal_error', ...(description.refusals ?? [])];
  // Syntax: the query, header fields, a path that does not decode.
  if (kind !== 'probe') codes.push('invalid_request');
  if (body !== undefined) codes.push('too_large');
  if (access !== 'public') codes.push('unauthenticated', 'index_not_reached');
  if (path.includes('/:')) codes.push('not_found');
  if (kind === 'read') codes.push('draining', 'no_quorum', 'index_not_reached');
  if (kind === 'write') {
    codes.push('draining', 'no_leader', 'overloaded', 'outcome_unknown', 'idempotency_key_reused');
  }
  if (description.takes_if_match === true) codes.push('precondition_failed');
  // Sent again with an ended session, it is answered after a read index.
  if (route.ends_session === true) codes.push('no_quorum');
  return all_codes.filter((code) => codes.includes(code));
}
