import { z } from 'zod';
import { limits } from '../../limits.ts';

export const VERIFY_AUDIT_PATH = '/cluster/verify-audit';

const index = z.int().min(0);
const key = z.int();
const chain_point = z.strictObject({ key, chain: z.string().regex(/^[\w-]{43}$/u) });

export const audit_request = z.strictObject({
  index,
  wait_ms: z.int().min(0).max(limits.state_check_wait_ms_max),
});

export const audit_answer = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('verified'),
    rows: index,
    anchor: chain_point,
    head: chain_point,
    fault: z
      .strictObject({ kind: z.enum(['broken', 'end_missing']), key, after_key: key })
      .nullable(),
  }),
  z.strictObject({ kind: z.literal('not_reached') }),
  z.strictObject({ kind: z.literal('passed') }),
  z.strictObject({ kind: z.literal('busy') }),
]);
export type AuditAnswer = z.infer<typeof audit_answer>;
