import { z } from 'zod';
import type { CommandOutcome } from '../../agenda/outcome.ts';
import type { LogIndex } from '../../consensus/raft/entry.ts';
import type { ProposeResult } from '../../replica/replica.ts';
import { problem_codes } from '../problem.ts';
import type { ProblemCode } from '../problem.ts';

/** What the leader says to a forwarded command: what came of the proposal, or why it made none. */
export type ForwardAnswer =
  | { readonly kind: 'result'; readonly result: ProposeResult }
  /** The person has changed since; what was made of it must be made again, once this index is applied. */
  | { readonly kind: 'caller_changed'; readonly index: LogIndex }
  | { readonly kind: 'problem'; readonly code: ProblemCode; readonly detail: string };

/** Answer and refusal are what apply makes of the command, equal on all replicas: passed on as they are. */
const outcome_schema = z.discriminatedUnion('kind', [
  z.looseObject({
    kind: z.literal('done'),
    answer: z.looseObject({ kind: z.string() }),
    replayed: z.boolean(),
  }),
  z.looseObject({
    kind: z.literal('refused'),
    refusal: z.looseObject({ code: z.string(), detail: z.string() }),
  }),
]);

const result_schema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('applied'),
    index: z.int().positive(),
    // Only its frame is looked at: the leader that signed it runs the same rules.
    outcome: outcome_schema.transform((outcome) => outcome as unknown as CommandOutcome),
  }),
  z.strictObject({
    kind: z.literal('not_proposed'),
    reason: z.enum(['not_leader', 'no_leader', 'overloaded']),
  }),
  z.strictObject({ kind: z.literal('unknown') }),
]);

export const forward_answer_schema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('result'), result: result_schema }),
  z.strictObject({ kind: z.literal('caller_changed'), index: z.int().positive() }),
  z.strictObject({ kind: z.literal('problem'), code: z.enum(codes()), detail: z.string() }),
]);

function codes(): [ProblemCode, ...ProblemCode[]] {
  return Object.keys(problem_codes) as [ProblemCode, ...ProblemCode[]];
}
