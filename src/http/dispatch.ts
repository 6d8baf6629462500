import { z } from 'zod';
import { confirm, hasAuditToken, identify } from './authenticate.ts';
import type { Identity } from './authenticate.ts';
import { readJsonBody } from './body.ts';
import type { RequestBody } from './body.ts';
import { awaitConsistency, takeConsistency } from './consistency.ts';
import type { Consistency } from './consistency.ts';
import { startDeadline } from './deadline.ts';
import { CallerChanged } from './forward/forward-to-leader.ts';
import type { Exchange } from './exchange.ts';
import { idempotencyKeyOf } from './idempotency.ts';
import { ifMatchOf } from './if-match.ts';
import { askedRoutingOf, LeadershipMoved, wayToLeader } from './leader.ts';
import type { RoutedWrite } from './leader.ts';
import { ProblemError } from './problem.ts';
import type { Answer, Route, RouteContext } from './route.ts';
import type { Served } from './serve/served.ts';
import type { ApiServices } from './services.ts';
import { invalidField, validate } from './validate.ts';

const NO_BODY: RequestBody = { raw: Buffer.alloc(0), json: undefined };
/** Leadership may move, and the person be another, while a write is made. */
const ROUTINGS_MAX = 3;
const no_parameters = z.strictObject({});
const NO_QUERY = {};
const default_consistency: Consistency = { is_local: false, min_index: null };

/**
 * What a line of the route table answers to a request, in the order of the contract: syntax → token → (the
 * leader's) remembered answer → rules. Throws what it refuses.
 */
export async function answerTo(
  services: ApiServices,
  route: Route,
  params: Readonly<Record<string, string>>,
  served: Served,
): Promise<Answer> {
  const { request, exchange } = served;
  refuseWhileDraining(services, route);
  const { consistency, query } = querySyntax(route, exchange);
  // Handlers read it again: here only its syntax is judged, which comes before the token.
  if (route.description.takes_if_match === true) ifMatchOf(request);
  const idempotency_key = route.kind === 'write' ? idempotencyKeyOf(request) : null;
  const asked_routing = route.kind === 'write' ? askedRoutingOf(request) : null;
  const body =
    route.body === undefined
      ? NO_BODY
      : await readJsonBody(request, route.has_optional_body === true);
  const valid_body = route.body === undefined ? undefined : validate(route.body, body.json, 'body');

  exchange.deadline = startDeadline();

  const identity = await identityFor(services, route, served, body.raw);
  if (route.kind === 'read') await awaitConsistency(services, consistency, exchange);
  // Compared with a state as new as was asked for: a session ended elsewhere reads nothing more.
  const admits_ended = route.ends_session === true;
  const { deadline } = exchange;
  const caller =
    identity === null || isAheadOfView(services, route, identity)
      ? null
      : await confirm(services, identity, { deadline, admits_ended });
  const context: RouteContext = {
    request,
    exchange,
    params,
    body: valid_body,
    query,
    json: body.json,
    idempotency_key,
    is_forwarded: false,
    client_address: () => services.senderOf(request).ip ?? '',
    caller,
  };
  if (route.kind !== 'write') return route.handle(context);
  const write = { request, exchange, caller, raw_body: body.raw, asked_routing };
  return handleAtLeader(services, route, context, write);
}

async function handleAtLeader(
  services: ApiServices,
  route: Route,
  context: RouteContext,
  write: RoutedWrite,
): Promise<Answer> {
  const admits_ended = route.ends_session === true;
  let { caller } = context;
  for (let attempt = 1; attempt <= ROUTINGS_MAX; attempt += 1) {
    const way = await wayToLeader(services, write);
    if (way.kind === 'redirect') return way.answer;
    try {
      return await route.handle({ ...context, caller, is_forwarded: way.kind === 'forward' });
    } catch (error) {
      if (error instanceof CallerChanged && caller !== null) {
        const { deadline } = context.exchange;
        caller = await confirm(services, caller, { deadline, admits_ended });
      } else if (!(error instanceof LeadershipMoved)) {
        throw error;
      }
    }
  }
  const detail = 'Too much is moving at this moment; nothing was changed, try again.';
  throw new ProblemError({ code: 'no_leader', detail });
}

/**
 * Views of the cluster answer on a replica that is behind, or was never let in: there a good signature is
 * all that can be asked of a session.
 */
function isAheadOfView({ replica }: ApiServices, route: Route, { session }: Identity): boolean {
  if (route.access !== 'operator' && route.access !== 'auditor') return false;
  return session.token_version_index > replica.status().applied_index;
}

async function identityFor(
  services: ApiServices,
  route: Route,
  { request, exchange }: Served,
  raw_body: Buffer,
): Promise<Identity | null> {
  if (route.access === 'public') return null;
  if (route.access === 'operator' && hasAuditToken(services, request)) return null;
  if (route.access === 'auditor') refuseUnlessAudited(services);
  const identity = await identify(services, request, exchange, raw_body);
  exchange.actor_key = identity.session.user_key;
  if (route.access === 'auditor' && !hasAuditToken(services, request)) {
    const detail = 'The X-Audit-Token is missing or wrong: the audit is for operators.';
    throw new ProblemError({ code: 'forbidden', detail });
  }
  return identity;
}

/** Without a token for it, the audit is off. */
function refuseUnlessAudited({ secrets }: ApiServices): void {
  if (secrets.audit_token !== null) return;
  const detail = 'The audit is read with AUDIT_API_TOKEN, and this replica has none.';
  throw new ProblemError({ code: 'not_found', detail });
}

function querySyntax(
  route: Route,
  { path_and_query }: Exchange,
): { consistency: Consistency; query: unknown } {
  if (route.kind === 'probe') return { consistency: default_consistency, query: NO_QUERY };
  if (route.query === undefined && !path_and_query.includes('?')) {
    return { consistency: default_consistency, query: NO_QUERY };
  }
  const given = parametersOf(path_and_query);
  const { consistency, rest } =
    route.method === 'GET'
      ? takeConsistency(given)
      : { consistency: default_consistency, rest: given };
  const query = validate(route.query ?? no_parameters, rest, 'query');
  const is_local = consistency.is_local || route.reads_locally?.(query) === true;
  return { consistency: { ...consistency, is_local }, query };
}

function parametersOf(path_and_query: string): Record<string, string> {
  const query_at = path_and_query.indexOf('?');
  if (query_at === -1) return {};
  const parameters = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(path_and_query.slice(query_at + 1))) {
    if (parameters.has(name)) throw invalidField(name, 'must be given once');
    parameters.set(name, value);
  }
  return Object.fromEntries(parameters);
}

function refuseWhileDraining(services: ApiServices, route: Route): void {
  if (route.kind !== 'write' && route.kind !== 'read') return;
  const readiness = services.readiness();
  if (readiness.ready || readiness.code !== 'draining') return;
  throw new ProblemError({ code: 'draining', detail: readiness.reason });
}
