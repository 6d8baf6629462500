import type { IncomingMessage } from 'node:http';
import { formatId } from '../agenda/id.ts';
import type { User } from '../agenda/model.ts';
import type { Replica } from '../replica/replica.ts';
import type { Exchange } from './exchange.ts';
import { remainingMs } from './deadline.ts';
import type { Deadline } from './deadline.ts';
import { idempotencyKeyOf } from './idempotency.ts';
import { ProblemError } from './problem.ts';
import { secretEqual } from './secret-equal.ts';
import type { ApiServices } from './services.ts';
import { openTicket, ticketBodyHash } from './ticket.ts';
import type { TicketedRequest } from './ticket.ts';
import type { Session } from './token.ts';

/** What a request proves by a signature; whether the session still stands is not known yet. */
export interface Identity {
  readonly session: Session;
  /** Of the redirect ticket that brought it. */
  readonly ticket_id: string | null;
  /** When the token or ticket ends, by the wall clock. */
  readonly expires_at_ms: number;
  /** What proves it, for the leader, which looks at it again. */
  readonly credential: Credential;
}

type Credential =
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'ticket'; readonly ticket: string; readonly body_hash: string };

/** Who asks: a person whose session stands in the state of this replica. */
export interface Caller extends Identity {
  readonly user: User;
  readonly user_id: string;
  /** The session has ended: only on a route that ends sessions itself. */
  readonly has_ended: boolean;
}

type AuthenticationServices = Pick<ApiServices, 'replica' | 'tokens' | 'secrets' | 'now_ms'>;

const bearer = /^Bearer +([^\s]+)$/i;

/** Verifies the redirect ticket or the bearer token. Throws `unauthenticated`. */
export async function identify(
  services: AuthenticationServices,
  request: IncomingMessage,
  exchange: Exchange,
  raw_body: Buffer,
): Promise<Identity> {
  const header = request.headers.authorization;
  if (exchange.ticket !== null) {
    const secret = services.secrets.ticket;
    const { node_id } = services.replica.status();
    const body_hash = ticketBodyHash(secret, raw_body);
    const bound_to = ticketedRequest(request, exchange, body_hash, node_id);
    const ticket = openTicket(secret, exchange.ticket, bound_to, services.now_ms());
    if (ticket.ok) {
      const { id, session, expires_at_ms } = ticket.value;
      const credential = { kind: 'ticket', ticket: exchange.ticket, body_hash } as const;
      return { session, ticket_id: id, expires_at_ms, credential };
    }
    if (header === undefined) throw unauthenticated(ticket.error);
  }
  if (header === undefined) {
    throw unauthenticated('The token is missing: send Authorization: Bearer <token>.');
  }
  const token = bearer.exec(header)?.[1];
  if (token === undefined) {
    throw unauthenticated('The Authorization header is malformed: it must be Bearer <token>.');
  }
  const verified = await services.tokens.verify(token);
  if (!verified.ok) throw unauthenticated(verified.error);
  const { value: session } = verified;
  const { expires_at_ms } = session;
  return { session, ticket_id: null, expires_at_ms, credential: { kind: 'token', token } };
}

/** {@link personOf}. Throws `unauthenticated` for an ended session, unless it is admitted. */
export async function confirm(
  services: AuthenticationServices,
  identity: Identity,
  options: { readonly deadline: Deadline; readonly admits_ended?: boolean },
): Promise<Caller> {
  const { deadline, admits_ended = false } = options;
  const { user, has_ended } = await personOf(services.replica, identity.session, deadline);
  if (user === null || (has_ended && !admits_ended)) {
    throw unauthenticated('The session has ended; log in again.');
  }
  // Member by member: to spread and then to add more takes V8 several microseconds, for each request.
  const { session, ticket_id, expires_at_ms, credential } = identity;
  const user_id = formatId('usr', user.key);
  return { session, ticket_id, expires_at_ms, credential, user, user_id, has_ended };
}

/**
 * Compares a session with the state of this replica. One that is newer than the state waits for it: it is
 * never a 401, at worst `index_not_reached`, which is thrown.
 */
export async function personOf(
  replica: Replica,
  { user_key, token_version, token_version_index }: Session,
  deadline: Deadline,
): Promise<{ readonly user: User | null; readonly has_ended: boolean }> {
  if (!(await replica.waitForIndex(token_version_index, remainingMs(deadline)))) {
    const detail = 'This replica has not caught up with your session yet; try again.';
    throw new ProblemError({ code: 'index_not_reached', detail });
  }
  const user = replica.view.userByKey(user_key);
  return { user, has_ended: user?.token_version !== token_version };
}

/** Whether the request carries the operators' token. Never when there is none. */
export function hasAuditToken(services: AuthenticationServices, request: IncomingMessage): boolean {
  const given = request.headers['x-audit-token'];
  const wanted = services.secrets.audit_token;
  return wanted !== null && typeof given === 'string' && secretEqual(given, wanted);
}

/** What a ticket for this request is bound to. */
export function ticketedRequest(
  request: IncomingMessage,
  exchange: Exchange,
  body_hash: string,
  node_id: string,
): TicketedRequest {
  return {
    node_id,
    method: request.method ?? '',
    path_and_query: exchange.path_and_query,
    if_match: request.headers['if-match'] ?? null,
    idempotency_key: idempotencyKeyOf(request),
    body_hash,
  };
}

function unauthenticated(detail: string): ProblemError {
  return new ProblemError({ code: 'unauthenticated', detail });
}
