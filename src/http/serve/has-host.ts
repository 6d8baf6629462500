import type { IncomingMessage } from 'node:http';

/** A request of HTTP/1.1 must have one (RFC 9112, section 3.2). */
export function hasHost({ headers, httpVersion }: IncomingMessage): boolean {
  return headers.host !== undefined || httpVersion !== '1.1';
}
