import { z } from 'zod';
import { isWildcardHost, parseHostPort } from '../base/host-port.ts';
import { limits } from '../limits.ts';

/** The bodies of `/cluster/…`: everything is bounded, and unknown fields are refused. */

/** A promise of the largest cluster, with room. */
const PROMISE_CHARACTERS_MAX = 64 * 1024;
const URL_CHARACTERS_MAX = 300;

const identifier = z
  .string()
  .min(1)
  .max(limits.rpc_identifier_characters_max)
  .regex(/^[A-Za-z0-9._:~@+-]+$/u);
const promise_text = z.string().min(1).max(PROMISE_CHARACTERS_MAX);
const index = z.int().min(0);

/** `host:port` that can be dialled. */
const address = z
  .string()
  .max(URL_CHARACTERS_MAX)
  .refine((text) => {
    const parsed = parseHostPort(text);
    return parsed !== null && !isWildcardHost(parsed.host);
  });

/** An http or https origin in its normal form. */
const origin = z
  .string()
  .max(URL_CHARACTERS_MAX)
  .refine((text) => {
    if (!URL.canParse(text)) return false;
    const url = new URL(text);
    return (url.protocol === 'http:' || url.protocol === 'https:') && url.origin === text;
  });

const announcement_fields = {
  node_id: identifier,
  storage_id: identifier,
  boot_id: identifier,
  address,
  api_url: origin,
  public_url: origin.nullable(),
};

const address_entry = z.strictObject({
  ...announcement_fields,
  source: z.enum(['seed', 'join', 'gossip', 'stored']),
  last_seen_ms: z.int().min(0),
});

export const empty_request = z.union([z.undefined(), z.null(), z.strictObject({})]);

export const identify_answer = z.strictObject({
  ...announcement_fields,
  promise: promise_text.nullable(),
  cluster_id: identifier.nullable(),
  last_index: index,
});
export type IdentifyAnswer = z.infer<typeof identify_answer>;

export const promise_request = z.strictObject({
  kind: z.enum(['promise', 'drop']),
  promise: promise_text,
});
export type PromiseRequestBody = z.infer<typeof promise_request>;

export const promise_answer = z.strictObject({
  outcome: z.enum(['accepted', 'refused']),
  reason: z.string().max(100).nullable(),
});
export type PromiseAnswer = z.infer<typeof promise_answer>;

export const join_request = z.strictObject({
  ...announcement_fields,
  cluster_id: identifier.nullable(),
});
export type JoinRequestBody = z.infer<typeof join_request>;

/** Also the answer to a join. The replica that answers is in its own table. */
export const nodes_answer = z.strictObject({
  cluster_id: identifier.nullable(),
  nodes: z.array(address_entry).max(limits.address_book_max + 1),
});
export type NodesAnswer = z.infer<typeof nodes_answer>;

export const leave_request = z.strictObject({ boot_id: identifier });
