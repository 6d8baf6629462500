import { z } from 'zod';
import { err, ok } from '../../base/result.ts';
import type { Result } from '../../base/result.ts';
import { limits } from '../../limits.ts';
import { readSignedPayload, signPayload } from '../signed-payload.ts';
import type { TokenSession } from '../token.ts';

/** What opens a WebSocket, where a browser can send no header fields of its own. */
export interface LiveTicket {
  readonly ticket: string;
  readonly expires_at_ms: number;
}

const PURPOSE = 'live ticket';

const ticket_schema = z.strictObject({
  /** Key of the user. */
  u: z.int().positive(),
  /** Token version, and the log index that set it. */
  v: z.int().nonnegative(),
  i: z.int().nonnegative(),
  /** When the token ends for which the ticket stands, and when the ticket does. */
  t: z.int().nonnegative(),
  e: z.int().nonnegative(),
});

/**
 * A ticket that stands for a token at any replica, for `limits.live_ticket_ttl_ms` and never longer than
 * the token itself. Nothing is kept of it: within its time it opens as many sockets as it is used for.
 */
export function cutLiveTicket(
  secret: Uint8Array,
  session: TokenSession,
  now_ms: number,
): LiveTicket {
  const token_ends_ms = Math.floor(session.expires_at_ms);
  const expires_at_ms = Math.min(now_ms + limits.live_ticket_ttl_ms, token_ends_ms);
  const ticket = signPayload(secret, PURPOSE, {
    u: session.user_key,
    v: session.token_version,
    i: session.token_version_index,
    t: token_ends_ms,
    e: expires_at_ms,
  });
  return { ticket, expires_at_ms };
}

/** The session it stands for, or a sentence for who brought it. Whether that still stands is not known yet. */
export function openLiveTicket(
  secret: Uint8Array,
  ticket: string,
  now_ms: number,
): Result<TokenSession, string> {
  const parsed = ticket_schema.safeParse(readSignedPayload(secret, PURPOSE, ticket));
  if (!parsed.success) {
    return err('The ticket is not a genuine one; get one with POST /api/ws-ticket.');
  }
  const { u, v, i, t, e } = parsed.data;
  if (e <= now_ms) return err('The ticket has expired; get another with POST /api/ws-ticket.');
  return ok({ user_key: u, token_version: v, token_version_index: i, expires_at_ms: t });
}
