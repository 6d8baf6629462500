import type { IncomingMessage } from 'node:http';

const absolute_form = /^https?:\/\/(?:[^/?#@]*@)?([^/?#@]+)(\/[^#]*|\?[^#]*)?$/i;

/**
 * Makes of an absolute-form target, as it is sent to a proxy, the path and query that it means here. Its
 * host counts then, and not the Host field (RFC 9112, section 3.2.2).
 */
export function reduceTarget(request: IncomingMessage): void {
  const { url = '/', headers } = request;
  if (url.startsWith('/')) return;
  const parts = absolute_form.exec(url);
  // Without a Host field the request is refused, whatever its target.
  if (parts === null || !URL.canParse(url) || headers.host === undefined) return;
  const [, authority, path_and_query = '/'] = parts;
  request.url = path_and_query.startsWith('/') ? path_and_query : `/${path_and_query}`;
  headers.host = authority;
}
