import type { Model, Operation } from './linearizability.ts';

/** The title of the one appointment that takes a stretch of time on one agenda; empty: it is free. */
type Holder = string;
const FREE: Holder = '';

export type SlotInput =
  /** Titles are sent once, and creations with a key: one that was done is never refused for itself. */
  | { readonly kind: 'create' | 'cancel' | 'restore'; readonly title: string }
  | { readonly kind: 'read' };

export type SlotOutput =
  | { readonly kind: 'done' }
  /** Refused, with the titles of what it overlaps. */
  | { readonly kind: 'conflict'; readonly overlaps: readonly string[] }
  | { readonly kind: 'held'; readonly by: readonly string[] };

export type SlotOperation = Operation<SlotInput, SlotOutput>;

/** Nobody asks for `allow_conflict`, so the slot is never taken twice. */
export const slot_model: Model<Holder, SlotInput, SlotOutput> = {
  initial: FREE,
  apply(holder, input, output) {
    if (input.kind === 'read') return isHeldBy(holder, output) ? holder : null;
    const after = afterInput(holder, input);
    if (output === null)
      return after === 'conflict' || after.holder === holder ? null : after.holder;
    if (after === 'conflict') {
      return holder !== input.title && isHeldBy(holder, output) ? holder : null;
    }
    return output.kind === 'done' ? after.holder : null;
  },
  keyOf: (holder) => holder,
  nameOf: (input) => JSON.stringify(input),
};

function afterInput(
  holder: Holder,
  input: Exclude<SlotInput, { kind: 'read' }>,
): { holder: Holder } | 'conflict' {
  if (input.kind === 'cancel') return { holder: holder === input.title ? FREE : holder };
  if (input.kind === 'restore' && holder === input.title) return { holder };
  return holder === FREE ? { holder: input.title } : 'conflict';
}

/** Whether it names the holder, and nothing else. */
function isHeldBy(holder: Holder, output: SlotOutput | null): boolean {
  if (output === null || output.kind === 'done') return false;
  const named = output.kind === 'conflict' ? output.overlaps : output.by;
  return named.length === (holder === FREE ? 0 : 1) && (named[0] ?? FREE) === holder;
}

/**
 * Without the creations of unknown outcome that no answer ever named: one that happened would hold the slot
 * until somebody who saw it cancels it, or to the end, where a read that must be in the history names it.
 */
export function withoutUnseenCreations(history: readonly SlotOperation[]): SlotOperation[] {
  const seen = new Set<string>();
  for (const { output } of history) {
    if (output?.kind === 'conflict') for (const title of output.overlaps) seen.add(title);
    if (output?.kind === 'held') for (const title of output.by) seen.add(title);
  }
  return history.filter(
    ({ input, output }) => output !== null || input.kind !== 'create' || seen.has(input.title),
  );
}
