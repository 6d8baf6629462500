import type { Operation } from './linearizability.ts';

/** What a client learns from sending a request once. */
export type Outcome<Output> =
  | { readonly kind: 'done'; readonly output: Output }
  /** It changed nothing. `is_final`: what was refused can be done at no later time either. */
  | { readonly kind: 'refused'; readonly output: Output; readonly is_final: boolean }
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
 * a success is that of the first attempt or of any later one, and what was done is answered so to all that
 * follow. After a refusal an earlier attempt of unknown outcome was therefore not done before; but it may
 * still be done, a refusal is not remembered, unless it is final.
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
  const mayHappenFrom = (called_at: number): Operation<Input, Output>[] =>
    doubted === undefined ? [] : [{ input, output: null, called_at, answered_at: Infinity }];
  if (outcome.kind !== 'refused') return mayHappenFrom(doubted?.called_at ?? last.called_at);
  const { called_at } = last;
  const refused = { input, output: outcome.output, called_at, answered_at };
  return outcome.is_final ? [refused] : [refused, ...mayHappenFrom(called_at)];
}
