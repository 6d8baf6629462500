import { z } from 'zod';
import type { CommandBody } from '../../agenda/command.ts';
import type { LogIndex } from '../../consensus/raft/entry.ts';
import { limits } from '../../limits.ts';
import { isRequestId } from '../exchange.ts';

/**
 * What a follower hands to the leader: the validated command, the credential of the person, and what
 * tells whether the request was sent before. Not the HTTP request, and nothing the leader can make itself.
 */
export interface ForwardedCommand {
  readonly request_id: string;
  readonly method: string;
  /** As the client sent it, without a ticket. */
  readonly path_and_query: string;
  readonly if_match: string | null;
  readonly idempotency_key: string | null;
  /** Keyed hash of the client's body; null when nothing will be remembered. */
  readonly fingerprint: string | null;
  /** Null for what needs none. */
  readonly credential:
    | { readonly kind: 'token'; readonly token: string }
    | { readonly kind: 'ticket'; readonly ticket: string; readonly body_hash: string }
    | null;
  /** What defaults were taken from: the state of the forwarder, and the version of the person in it. */
  readonly seen: { readonly applied_index: LogIndex; readonly user_version: number | null };
  readonly body: CommandBody;
}

const text = z.string().max(limits.forwarded_text_characters_max);
const keyed_hash = z.string().regex(/^[0-9a-f]{64}$/);

/** The frame; the body is judged by `admit-body.ts`. */
export const forwarded_command_schema = z.strictObject({
  request_id: z.string().refine(isRequestId),
  method: z.enum(['POST', 'PUT', 'PATCH', 'DELETE']),
  path_and_query: text.startsWith('/'),
  if_match: text.nullable(),
  idempotency_key: z
    .string()
    .regex(/^[\x20-\x7e]+$/)
    .max(limits.idempotency_key_characters_max)
    .nullable(),
  fingerprint: keyed_hash.nullable(),
  credential: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('token'), token: text }),
      z.strictObject({ kind: z.literal('ticket'), ticket: text, body_hash: keyed_hash }),
    ])
    .nullable(),
  seen: z.strictObject({
    applied_index: z.int().nonnegative(),
    user_version: z.int().positive().nullable(),
  }),
  body: z.looseObject({ kind: z.string() }),
});
