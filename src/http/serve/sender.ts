import type { IncomingMessage } from 'node:http';
import express from 'express';
import type { Request } from 'express';

/**
 * Who sent a request and how, as far as `TRUST_PROXY` lets it be known. It is worked out when it is asked
 * for, which few routes do.
 */
export type Sender = Pick<Request, 'ip' | 'host' | 'secure'>;

/** By Express's own rules, of a request that did not come through an app of it. */
export function createSenderOf(
  trust_proxy: readonly string[] | null,
): (request: IncomingMessage) => Sender {
  const app = express();
  if (trust_proxy !== null) app.set('trust proxy', [...trust_proxy]);
  return ({ socket, headers }) =>
    Object.create(app.request, {
      socket: { value: socket },
      headers: { value: headers },
    }) as Sender;
}
