import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { RequestHandler } from 'express';
import helmet from 'helmet';
import type { HeaderFields } from './serve/header-fields.ts';
import type { NodeAddress } from './dependencies.ts';
import { originsOf } from './own-address.ts';

/**
 * Of an answer that is data: it is never a page, so nothing in it may load or frame anything, and it is not
 * stored. What helmet sets then is the same for all, so it is asked once.
 */
export const data_fields: HeaderFields = [...fieldsOfHelmet(), 'Cache-Control', 'no-store'];

function fieldsOfHelmet(): HeaderFields {
  const fields: string[] = [];
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  response.setHeader = (name, value) => {
    fields.push(name, String(value));
    return response;
  };
  const setFields = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    },
  });
  setFields(response.req, response, () => {});
  return fields;
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
  return new Set(urls.flatMap(originsOf));
}

/** The policy's grammar has no addresses of IPv6 (CSP 3, section 2.3.1): browsers would complain of each. */
function connectSources(addresses: readonly NodeAddress[]): string {
  return [...replicaOrigins(addresses)]
    .filter((origin) => !origin.includes('['))
    .flatMap((origin) => [origin, origin.replace(/^http/, 'ws')])
    .join(' ');
}
