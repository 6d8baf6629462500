import { z } from 'zod';
import { audit_components, audit_levels } from '../agenda/audit.ts';
import type { AppendAudit, Command } from '../agenda/command.ts';
import { limits } from '../limits.ts';
import type { Replica } from '../replica/replica.ts';

/** A replica's events on their way to the leader. */
export type Batch = Pick<AppendAudit, 'run_id' | 'events'>;

/** What the leader says of a batch. */
export const batch_answer_schema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('appended'), index: z.int().positive() }),
  z.strictObject({ kind: z.literal('refused'), detail: z.string().max(500) }),
  z.strictObject({ kind: z.literal('failed') }),
]);
export type BatchAnswer = z.infer<typeof batch_answer_schema>;

const identifier = z.string().regex(/^[A-Za-z0-9._-]+$/u);

const event_schema = z.strictObject({
  id: z.int().positive(),
  at: z.int().nonnegative(),
  component: z.enum(audit_components),
  // Not only those that this program knows: a newer one may have sent it.
  action: z
    .string()
    .regex(/^[a-z_]+(\.[a-z_]+)+$/u)
    .max(64),
  level: z.enum(audit_levels),
  actor_key: z.int().positive().nullable(),
  request_id: identifier.max(limits.request_id_characters_max),
  payload: z.string().max(limits.node_event_bytes_max).refine(isObject),
  count: z.int().positive(),
});

const batch_schema = z.strictObject({
  run_id: identifier.max(limits.rpc_identifier_characters_max),
  events: z
    .array(event_schema)
    .min(1)
    .max(limits.audit_batch_events_max)
    .refine((events) => events.every((event, at) => event.id > (events[at - 1]?.id ?? 0))),
});

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

export interface BatchReceiver {
  readonly replica: Pick<Replica, 'propose'>;
  /** Wall clock. */
  readonly now_ms: () => number;
}

/**
 * Proposes a replica's events here, where it leads. They are of the replica that sent them, by its
 * signature: nothing in a batch can say otherwise.
 */
export async function receiveBatch(
  { replica, now_ms }: BatchReceiver,
  source_node_id: string,
  value: unknown,
): Promise<BatchAnswer> {
  const parsed = batch_schema.safeParse(value);
  if (!parsed.success) return { kind: 'refused', detail: 'This is no batch of events.' };
  const { run_id, events } = parsed.data;
  const command: Command = {
    version: 1,
    at: now_ms(),
    by: null,
    token_version: null,
    origin_node: source_node_id,
    request_id: `${run_id}.batch`,
    remember: null,
    body: { kind: 'audit.append', node_id: source_node_id, run_id, events },
  };
  const result = await replica.propose(command);
  if (result.kind !== 'applied') return { kind: 'failed' };
  if (result.outcome.kind === 'done') return { kind: 'appended', index: result.index };
  return { kind: 'refused', detail: result.outcome.refusal.detail };
}
