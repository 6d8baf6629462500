import type { RequestHandler } from 'express';
import type { NodeAddress } from './dependencies.ts';
import { replicaOrigins } from './headers.ts';

const ALLOWED_METHODS = 'GET, POST, PUT, PATCH, DELETE';
const ALLOWED_HEADERS = 'Authorization, Content-Type, If-Match, Idempotency-Key, Agenda-Routing';
const EXPOSED_HEADERS = 'ETag, Location, Retry-After, Agenda-Index, Agenda-Stale-Ms, X-Request-Id';
const PREFLIGHT_AGE_S = 600;

/** The page of one replica may talk to all others, and nobody else's page may. */
export function crossOrigin(addresses: () => readonly NodeAddress[]): RequestHandler {
  return (request, response, next) => {
    const { origin } = request.headers;
    if (origin === undefined) {
      next();
      return;
    }
    response.setHeader('Vary', 'Origin');
    const is_admitted = replicaOrigins(addresses()).has(origin);
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
