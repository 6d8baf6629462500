/**
 * Whether a history of operations on one thing could have happened one after the other, each at a moment
 * between its call and its answer (Herlihy and Wing, 1990; the search is that of Wing and Gong, with
 * Lowe's memory of what was tried).
 */

/** An operation as a client saw it. */
export interface Operation<Input, Output> {
  readonly input: Input;
  /** Null: the client never learned; it may have happened at any time after the call, or never. */
  readonly output: Output | null;
  readonly called_at: number;
  /** Infinity when the outcome is not known. */
  readonly answered_at: number;
}

/** What the thing is supposed to do. */
export interface Model<State, Input, Output> {
  readonly initial: State;
  /** The state after the operation; null when it cannot have given this output in this state. */
  apply(state: State, input: Input, output: Output | null): State | null;
  /** Equal states have equal keys. */
  keyOf(state: State): string;
}

export function isLinearizable<State, Input, Output>(
  model: Model<State, Input, Output>,
  operations: readonly Operation<Input, Output>[],
): boolean {
  const tried = new Set<string>();
  const ordered = operations.toSorted((one, other) => one.called_at - other.called_at);
  const known = ordered.reduce(
    (mask, operation, at) =>
      operation.answered_at === Infinity ? mask : mask | (1n << BigInt(at)),
    0n,
  );
  const pending: { done: bigint; state: State }[] = [{ done: 0n, state: model.initial }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { done, state } = next;
    // Whatever has an answer has happened; the rest need never have.
    if ((done & known) === known) return true;
    const key = `${done.toString(36)} ${model.keyOf(state)}`;
    if (tried.has(key)) continue;
    tried.add(key);
    // Nothing can come before what had been answered before it was called.
    const first_answer = ordered.reduce(
      (earliest, operation, at) =>
        (done >> BigInt(at)) & 1n ? earliest : Math.min(earliest, operation.answered_at),
      Infinity,
    );
    for (const [at, operation] of ordered.entries()) {
      if (operation.called_at > first_answer) break;
      const bit = 1n << BigInt(at);
      if ((done & bit) !== 0n) continue;
      const after = model.apply(state, operation.input, operation.output);
      if (after !== null) pending.push({ done: done | bit, state: after });
    }
  }
  return false;
}
