import { createHash, createHmac, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { err, ok } from '../base/result.ts';
import type { Result } from '../base/result.ts';
import { limits } from '../limits.ts';
import { secretEqual } from './secret-equal.ts';
import { readSignedPayload, signPayload } from './signed-payload.ts';
import type { Session } from './token.ts';

/** The request a ticket is for: with anything else it is void. */
export interface TicketedRequest {
  /** The node that may serve it. */
  readonly node_id: string;
  readonly method: string;
  /** Without the ticket itself. */
  readonly path_and_query: string;
  readonly if_match: string | null;
  readonly idempotency_key: string | null;
  /** See {@link ticketBodyHash}. */
  readonly body_hash: string;
}

export interface Ticket {
  /** Unique: the request key of a request without one. */
  readonly id: string;
  readonly session: Session;
  readonly expires_at_ms: number;
}

const PURPOSE = 'ticket';

/** Short names: the ticket travels in a URL. */
const ticket_schema = z.strictObject({
  i: z.string().regex(/^[A-Za-z0-9_-]{22}$/),
  u: z.int().positive(),
  v: z.int().nonnegative(),
  x: z.int().nonnegative(),
  e: z.int().nonnegative(),
  b: z.string(),
});

/**
 * Signs a ticket that carries a person's session to the leader (see "Leader routing" of the contract).
 * What it is bound to is inside as one keyed hash. Valid for `limits.ticket_ttl_ms` from `now_ms`.
 */
export function cutTicketFor(
  secret: Uint8Array,
  session: Session,
  request: TicketedRequest,
  now_ms: number,
): string {
  return signPayload(secret, PURPOSE, {
    i: randomBytes(16).toString('base64url'),
    u: session.user_key,
    v: session.token_version,
    x: session.token_version_index,
    e: now_ms + limits.ticket_ttl_ms,
    b: bindingOf(secret, request),
  });
}

/** The ticket, or a sentence for who brought it. */
export function openTicket(
  secret: Uint8Array,
  text: string,
  request: TicketedRequest,
  now_ms: number,
): Result<Ticket, string> {
  const read = readTicket(secret, text, now_ms);
  if (!read.ok) return read;
  const { i, u, v, x, e, b } = read.value;
  if (!secretEqual(b, bindingOf(secret, request))) {
    return err('The redirect ticket belongs to another request; send this one with a token.');
  }
  const session = { user_key: u, token_version: v, token_version_index: x };
  return ok({ id: i, session, expires_at_ms: e });
}

/** Whether one of the replicas has cut this ticket, and its time is not over. It opens nothing by that. */
export function isGenuineTicket(secret: Uint8Array, text: string, now_ms: number): boolean {
  return readTicket(secret, text, now_ms).ok;
}

function readTicket(
  secret: Uint8Array,
  text: string,
  now_ms: number,
): Result<z.infer<typeof ticket_schema>, string> {
  const payload = readSignedPayload(secret, PURPOSE, text);
  if (payload === undefined) {
    return err('The redirect ticket is not a genuine one; send the request again with a token.');
  }
  const parsed = ticket_schema.safeParse(payload);
  if (!parsed.success) return err('The redirect ticket is of another version; send a token.');
  if (parsed.data.e <= now_ms) {
    return err('The redirect ticket has expired; send the request again with a token.');
  }
  return ok(parsed.data);
}

/** Keyed hash of the SHA-256 of a body as it came, hexadecimal. */
export function ticketBodyHash(secret: Uint8Array, raw_body: Buffer): string {
  const sha256 = createHash('sha256').update(raw_body).digest();
  return createHmac('sha256', secret).update('body\n').update(sha256).digest('hex');
}

function bindingOf(secret: Uint8Array, request: TicketedRequest): string {
  const bound = [
    request.node_id,
    request.method,
    request.path_and_query,
    request.if_match,
    request.idempotency_key,
    request.body_hash,
  ];
  return createHmac('sha256', secret)
    .update(`binding\n${JSON.stringify(bound)}`)
    .digest('base64url');
}
