import type { Command, CommandBody } from '../agenda/command.ts';
import type { Refusal } from '../agenda/refusal.ts';
import { remainingMs, within } from './deadline.ts';
import { requestKeyOf } from './idempotency.ts';
import { appliedOrThrow } from './outcome.ts';
import type { Applied } from './outcome.ts';
import { presentOverlaps } from './present/overlap.ts';
import { ProblemError } from './problem.ts';
import type { Answer, RouteContext } from './route.ts';
import type { ApiServices } from './services.ts';

type ProposeServices = Pick<ApiServices, 'replica' | 'metrics' | 'secrets' | 'now_ms'>;

/**
 * Makes a command of the body, stamped once here, and proposes it. `who` is whose request keys these are:
 * the id of the user, for a registration the folded username. Returns what is done; throws everything else.
 */
export async function propose(
  services: ProposeServices,
  context: RouteContext<unknown, unknown>,
  who: string,
  body: CommandBody,
): Promise<Applied> {
  const { replica, metrics, secrets } = services;
  const { exchange, caller, request } = context;
  const command: Command = {
    version: 1,
    at: services.now_ms(),
    by: caller?.user.key ?? null,
    token_version: caller?.session.token_version ?? null,
    origin_node: replica.status().node_id,
    request_id: exchange.request_id,
    remember: requestKeyOf(
      secrets.request_key,
      { who, method: request.method ?? '', path: exchange.path },
      { key: context.idempotency_key, ticket_id: caller?.ticket_id ?? null },
      context.json,
    ),
    body,
  };
  const remaining_ms = remainingMs(exchange.deadline);
  if (remaining_ms === 0) {
    const detail = 'The request waited too long for its turn; nothing was changed, try again.';
    throw new ProblemError({ code: 'overloaded', detail });
  }
  const result = await within(replica.propose(command), remaining_ms);
  if (typeof result === 'symbol' || result.kind !== 'applied') metrics.proposalFailed();
  return appliedOrThrow(result, (refusal: Refusal) => presentOverlaps(replica.view, refusal));
}

/** The answer to a write that is done; a replay gives the first answer again and says so. */
export function writtenAnswer(
  applied: Applied,
  answer: { status: number; location: string; version: number; body: unknown },
): Answer {
  return {
    status: answer.status,
    headers: {
      Location: answer.location,
      ETag: etagOf(answer.version),
      'Agenda-Index': String(applied.index),
      ...(applied.replayed ? { 'Idempotency-Replayed': 'true' } : {}),
    },
    body: answer.body,
  };
}

/** The version as an entity tag (RFC 9110, section 8.8.3). */
export function etagOf(version: number): string {
  return `"${version}"`;
}
