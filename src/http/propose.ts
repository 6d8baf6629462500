import type { Command, CommandBody, RequestKey } from '../agenda/command.ts';
import type { Refusal } from '../agenda/refusal.ts';
import type { LogIndex } from '../consensus/raft/entry.ts';
import type { ProposeResult } from '../replica/replica.ts';
import { remainingMs } from './deadline.ts';
import { forwardToLeader } from './forward/forward-to-leader.ts';
import { requestKeyOf } from './idempotency.ts';
import { appliedOrThrow, INDEX_HEADER } from './outcome.ts';
import type { Applied } from './outcome.ts';
import { presentOverlaps } from './present/overlap.ts';
import { ProblemError } from './problem.ts';
import { proposeHere } from './propose-here.ts';
import { callerOf } from './route.ts';
import type { Answer, RouteContext } from './route.ts';
import type { ApiServices } from './services.ts';

type ProposeServices = Pick<ApiServices, 'replica' | 'metrics' | 'secrets' | 'now_ms' | 'forward'>;

/**
 * Makes a command of the body, stamped once here, and proposes it, or hands it to the leader. `who` is
 * whose request keys these are: unless given, the id of the caller. Returns what is done; throws everything else.
 */
export async function propose(
  services: ProposeServices,
  context: RouteContext,
  body: CommandBody,
  who = callerOf(context).user_id,
): Promise<Applied> {
  const { replica, metrics } = services;
  const { exchange, caller } = context;
  const command: Command = {
    version: 1,
    at: services.now_ms(),
    by: caller?.user.key ?? null,
    token_version: caller?.session.token_version ?? null,
    origin_node: replica.status().node_id,
    request_id: exchange.request_id,
    remember: requestKeyFor(services, context, who),
    body,
  };
  const result = context.is_forwarded
    ? await forwardToLeader(services, context, command)
    : await proposeHere(replica, command, exchange.deadline);
  if (result.kind !== 'applied') metrics.proposalFailed();
  else if (context.is_forwarded) await awaitOwnState(services, context, result);
  return appliedOrThrow(result, (refusal: Refusal) =>
    presentOverlaps(replica.view, command.by, refusal),
  );
}

/** What was applied elsewhere is shown from the state here, which must have it by then. */
async function awaitOwnState(
  { replica }: ProposeServices,
  { exchange }: RouteContext,
  { index, outcome }: Extract<ProposeResult, { kind: 'applied' }>,
): Promise<void> {
  const is_here = await replica.waitForIndex(index, remainingMs(exchange.deadline));
  if (is_here || outcome.kind === 'refused') return;
  const detail =
    'This was done, and this replica has not applied it yet, so it cannot show it. Send it again ' +
    'with the same Idempotency-Key, or read it.';
  const headers = { [INDEX_HEADER]: String(index) };
  throw new ProblemError({ code: 'outcome_unknown', detail, headers });
}

/** Under what a success of this request is remembered; null: it is not. `who` as for {@link propose}. */
export function requestKeyFor(
  { secrets }: Pick<ProposeServices, 'secrets'>,
  { exchange, caller, request, idempotency_key, json }: RouteContext,
  who: string,
): RequestKey | null {
  return requestKeyOf(
    secrets.request_key,
    { who, method: request.method ?? '', path: exchange.path },
    { key: idempotency_key, ticket_id: caller?.ticket_id ?? null },
    json,
  );
}

/** The log entry that did what is answered: of a replay the first one; null when that is forgotten by now. */
export function firstIndexOf(
  services: Pick<ProposeServices, 'replica' | 'secrets'>,
  context: RouteContext,
  { index, replayed }: Applied,
): LogIndex | null {
  if (!replayed) return index;
  const key = requestKeyFor(services, context, callerOf(context).user_id);
  if (key === null) return null;
  return services.replica.remembered(key.scope_hash)?.entry_index ?? null;
}

/** The answer to a write that is done; a replay gives the first answer again and says so. */
export function writtenAnswer(
  applied: Applied,
  answer: { status: number; location?: string; version?: number; body?: unknown },
): Answer {
  const { status, location, version, body } = answer;
  const headers: Record<string, string> = { [INDEX_HEADER]: String(applied.index) };
  if (location !== undefined) headers['Location'] = location;
  if (version !== undefined) headers['ETag'] = etagOf(version);
  if (applied.replayed) headers['Idempotency-Replayed'] = 'true';
  return { status, headers, body };
}

/** The version as an entity tag (RFC 9110, section 8.8.3). */
export function etagOf(version: number): string {
  return `"${version}"`;
}
