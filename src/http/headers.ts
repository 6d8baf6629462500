import type { RequestHandler } from 'express';
import helmet from 'helmet';
import type { NodeAddress } from './dependencies.ts';

/** An answer that is data is never a page: nothing in it may load or frame anything. */
export function dataHeaders(): RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    },
  });
}

/**
 * Helmet's policy without anything inline. The page talks to any replica, so the addresses of the known
 * ones are listed. Requests are not upgraded to https: a replica may be reached by http alone.
 */
export function pageHeaders(addresses: () => readonly NodeAddress[]): RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      directives: {
        styleSrc: ["'self'"],
        fontSrc: ["'self'"],
        connectSrc: ["'self'", () => connectSources(addresses())],
        upgradeInsecureRequests: null,
      },
    },
  });
}

/** Origins of all replicas, as clients may know them. */
export function replicaOrigins(addresses: readonly NodeAddress[]): ReadonlySet<string> {
  const urls = addresses.flatMap((node) => [node.address_url, node.public_url ?? []].flat());
  return new Set(urls.map((url) => new URL(url).origin));
}

function connectSources(addresses: readonly NodeAddress[]): string {
  return [...replicaOrigins(addresses)]
    .flatMap((origin) => [origin, origin.replace(/^http/, 'ws')])
    .join(' ');
}
