import type { IncomingMessage } from 'node:http';
import type { Exchange } from './exchange.ts';
import type { HeaderFields } from './serve/header-fields.ts';
import { replicaOrigins } from './headers.ts';
import type { ApiServices } from './services.ts';
import { isGenuineTicket } from './ticket.ts';

const ALLOWED_METHODS = 'GET, POST, PUT, PATCH, DELETE';
const ALLOWED_HEADERS = 'Authorization, Content-Type, If-Match, Idempotency-Key, Agenda-Routing';
const EXPOSED_HEADERS = 'ETag, Location, Retry-After, Agenda-Index, Agenda-Stale-Ms, X-Request-Id';
const PREFLIGHT_AGE_S = 600;

type CorsServices = Pick<ApiServices, 'addresses' | 'secrets' | 'now_ms'>;

/** What an answer says of who may read it. */
export interface CrossOrigin {
  readonly fields: HeaderFields;
  /** The browser asks before it sends the request, and may: the fields are the answer. */
  readonly is_preflight: boolean;
}

const NO_PAGE: CrossOrigin = { fields: [], is_preflight: false };

/** The page of one replica may talk to all others, and nobody else's page may. */
export function crossOriginOf(
  services: CorsServices,
  request: IncomingMessage,
  exchange: Exchange,
): CrossOrigin {
  const { origin } = request.headers;
  if (origin === undefined) return NO_PAGE;
  const vary = ['Vary', 'Origin'];
  const is_admitted =
    replicaOrigins(services.addresses()).has(origin) || isRedirected(services, origin, exchange);
  if (!is_admitted) return { fields: vary, is_preflight: false };
  const readable = [
    ...vary,
    'Access-Control-Allow-Origin',
    origin,
    'Access-Control-Expose-Headers',
    EXPOSED_HEADERS,
  ];
  const is_preflight =
    request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined;
  if (!is_preflight) return { fields: readable, is_preflight };
  const allowed = [
    'Access-Control-Allow-Methods',
    ALLOWED_METHODS,
    'Access-Control-Allow-Headers',
    ALLOWED_HEADERS,
    'Access-Control-Max-Age',
    String(PREFLIGHT_AGE_S),
  ];
  return { fields: [...readable, ...allowed], is_preflight };
}

/**
 * A page that is redirected from one replica that is not its own to another comes with the origin `null`
 * (Fetch standard, HTTP-redirect fetch). That it was a page of ours proves the ticket: only a request that
 * was admitted and had a token got one, and no script can read it.
 */
function isRedirected(
  { secrets, now_ms }: CorsServices,
  origin: string,
  { ticket }: Exchange,
): boolean {
  if (origin !== 'null' || ticket === null) return false;
  return isGenuineTicket(secrets.ticket, ticket, now_ms());
}
