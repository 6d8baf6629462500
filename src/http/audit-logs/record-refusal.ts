import type { NodeEventSink } from '../../agenda/node-event.ts';
import type { Exchange } from '../exchange.ts';
import type { ProblemCode } from '../problem.ts';
import { problem_codes } from '../problem.ts';

/** Statuses that refuse somebody something, and those that refuse a change. */
const always: readonly number[] = [401, 403];
const of_changes: readonly number[] = [404, 409, 422, 429];

/**
 * Tells the audit of a refusal that says something of who asked: not of one that only says that a request
 * was malformed, or that the replica cannot serve now.
 */
export function recordRefusal(
  audit: NodeEventSink,
  method: string,
  { route, request_id, actor_key, is_audited }: Exchange,
  code: ProblemCode,
): void {
  const { status } = problem_codes[code];
  const is_read = method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
  if (is_audited || !(always.includes(status) || (!is_read && of_changes.includes(status)))) return;
  audit.record({
    action: 'request.refused',
    actor_key,
    request_id,
    facts: { code, method: known_methods.has(method) ? method : 'other', route },
  });
}

const known_methods: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'OPTIONS',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
]);
