import type { IncomingMessage } from 'node:http';
import { replicaOrigins } from '../headers.ts';
import { ProblemError } from '../problem.ts';
import type { NodeAddress } from '../dependencies.ts';
import type { TokenSession } from '../token.ts';
import { openLiveTicket } from './live-ticket.ts';

/** Of the messages, in the version this program speaks. */
export const SUBPROTOCOL = 'agenda.v1';

const TICKET = 'ticket.';

export interface HandshakeContext {
  readonly addresses: () => readonly NodeAddress[];
  readonly secret: Uint8Array;
  /** Wall clock. */
  readonly now_ms: () => number;
}

/**
 * The session that a request for a WebSocket proves. Throws what is wrong with it, as a problem that does
 * not repeat the ticket.
 */
export function readHandshake(
  { addresses, secret, now_ms }: HandshakeContext,
  { headers }: IncomingMessage,
): TokenSession {
  const { origin, host } = headers;
  if (origin !== undefined && !isOwn(origin, host) && !replicaOrigins(addresses()).has(origin)) {
    const detail = 'Only pages of these replicas may connect; a program sends no Origin.';
    throw new ProblemError({ code: 'forbidden', detail });
  }
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((one) => one.trim());
  if (!offered.includes(SUBPROTOCOL)) {
    const detail = `Offer the subprotocols "${SUBPROTOCOL}" and "${TICKET}<ticket>".`;
    throw new ProblemError({ code: 'invalid_request', detail });
  }
  const [ticket, ...others] = offered.filter((one) => one.startsWith(TICKET));
  if (ticket === undefined || others.length > 0) {
    const detail = `Offer one subprotocol "${TICKET}<ticket>"; POST /api/ws-ticket gives a ticket.`;
    throw new ProblemError({ code: 'unauthenticated', detail });
  }
  const session = openLiveTicket(secret, ticket.slice(TICKET.length), now_ms());
  if (session.ok) return session.value;
  throw new ProblemError({ code: 'unauthenticated', detail: session.error });
}

/**
 * The page came from where it connects to: by the name of a load balancer, perhaps, which is no replica's.
 * That a name is made to lead here gains nobody anything: a page elsewhere has no ticket.
 */
function isOwn(origin: string, host: string | undefined): boolean {
  if (host === undefined || !URL.canParse(origin)) return false;
  const { protocol, host: wanted } = new URL(origin);
  const asked = `${protocol}//${host}`;
  return wanted !== '' && URL.canParse(asked) && new URL(asked).host === wanted;
}
