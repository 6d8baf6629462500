import type { IncomingMessage } from 'node:http';
import type { RequestHandler } from 'express';
import { exchangeOf } from './exchange.ts';
import { replicaOrigins } from './headers.ts';
import type { ApiServices } from './services.ts';
import { isGenuineTicket } from './ticket.ts';

const ALLOWED_METHODS = 'GET, POST, PUT, PATCH, DELETE';
const ALLOWED_HEADERS = 'Authorization, Content-Type, If-Match, Idempotency-Key, Agenda-Routing';
const EXPOSED_HEADERS = 'ETag, Location, Retry-After, Agenda-Index, Agenda-Stale-Ms, X-Request-Id';
const PREFLIGHT_AGE_S = 600;

type CorsServices = Pick<ApiServices, 'addresses' | 'secrets' | 'now_ms'>;

/** The page of one replica may talk to all others, and nobody else's page may. */
export function crossOrigin(services: CorsServices): RequestHandler {
  return (request, response, next) => {
    const { origin } = request.headers;
    if (origin === undefined) {
      next();
      return;
    }
    response.setHeader('Vary', 'Origin');
    const is_admitted =
      replicaOrigins(services.addresses()).has(origin) || isRedirected(services, request);
    if (is_admitted) {
      response.setHeader('Access-Control-Allow-Origin', origin);
      response.setHeader('Access-Control-Expose-Headers', EXPOSED_HEADERS);
    }
    const is_preflight =
      request.method === 'OPTIONS' &&
      request.headers['access-control-request-method'] !== undefined;
    if (!is_admitted || !is_preflight) {
      next();
      return;
    }
    response.setHeader('Access-Control-Allow-Methods', ALLOWED_METHODS);
    response.setHeader('Access-Control-Allow-Headers', ALLOWED_HEADERS);
    response.setHeader('Access-Control-Max-Age', PREFLIGHT_AGE_S);
    response.statusCode = 204;
    response.end();
  };
}

/**
 * A page that is redirected from one replica that is not its own to another comes with the origin `null`
 * (Fetch standard, HTTP-redirect fetch). That it was a page of ours proves the ticket: only a request that
 * was admitted and had a token got one, and no script can read it.
 */
function isRedirected({ secrets, now_ms }: CorsServices, request: IncomingMessage): boolean {
  const { ticket } = exchangeOf(request);
  if (request.headers.origin !== 'null' || ticket === null) return false;
  return isGenuineTicket(secrets.ticket, ticket, now_ms());
}
