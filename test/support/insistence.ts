import type { Operation } from './linearizability.ts';

/** What a client learns from sending a request once. */
export type Outcome<Output> =
  | { readonly kind: 'done'; readonly output: Output }
  /** It changed nothing. */
  | { readonly kind: 'refused'; readonly output: Output }
  /** Certainly nothing was done: 503, or no connection. */
  | { readonly kind: 'not_done' }
  /** It may have been done, or be done any time later: 504, or the connection was lost. */
  | { readonly kind: 'unknown' };

export interface Attempt<Output> {
  readonly outcome: Outcome<Output>;
  readonly called_at: number;
  readonly answered_at: number;
}

/**
 * What happened, as the attempts of one request with one `Idempotency-Key` tell it. They are one operation:
 * a success is that of the first attempt or of any later one. But after a refusal an earlier attempt of
 * unknown outcome may still be done: a refusal is not remembered.
 */
export function operationsOf<Input, Output>(
  input: Input,
  attempts: readonly Attempt<Output>[],
): Operation<Input, Output>[] {
  const last = attempts.at(-1);
  if (last === undefined) return [];
  const doubted = attempts.find(({ outcome }) => outcome.kind === 'unknown');
  const { outcome, answered_at } = last;
  if (outcome.kind === 'done') {
    const { called_at } = doubted ?? last;
    return [{ input, output: outcome.output, called_at, answered_at }];
  }
  const may_happen: Operation<Input, Output>[] =
    doubted === undefined
      ? []
      : [{ input, output: null, called_at: doubted.called_at, answered_at: Infinity }];
  if (outcome.kind !== 'refused') return may_happen;
  const { called_at } = last;
  return [{ input, output: outcome.output, called_at, answered_at }, ...may_happen];
}
