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
  /**
   * The state after the operation; null when it cannot have given this output in this state. Of unknown
   * output it is null as well when nothing would change: then it need not have happened.
   */
  apply(state: State, input: Input, output: Output | null): State | null;
  /** Equal states have equal keys. */
  keyOf(state: State): string;
  /**
   * False when no state that comes after this one can give this output any more, so that the search can
   * turn back at once. Left out: nothing is known of that.
   */
  isStillPossible?(state: State, output: Output): boolean;
  /**
   * Operations of one name do the same in every state. Of those whose outcome is unknown it is then enough
   * to try the one that was called first: in any order with another of them, the two can change places.
   */
  nameOf?(input: Input): string;
}

export interface Verdict<State, Input, Output> {
  readonly is_linearizable: boolean;
  /** Where the search came furthest, and the operations of which none could come next. */
  readonly stuck: {
    readonly placed: number;
    readonly state: State;
    readonly operations: readonly Operation<Input, Output>[];
  } | null;
}

/** Far more than a history that this can judge needs. */
const STEPS_MAX = 3_000_000;

/** Some operations in an order that fits. */
interface Point<State> {
  readonly state: State;
  /** All known operations before this one are placed. */
  readonly from: number;
  /** Which ones from there on are, as bits. */
  readonly placed: bigint;
  readonly placed_unknown: bigint;
  readonly placed_count: number;
}

/** Throws when the search finds no answer within its bound: that is neither yes nor no. */
export function judgeHistory<State, Input, Output>(
  model: Model<State, Input, Output>,
  operations: readonly Operation<Input, Output>[],
  steps_max = STEPS_MAX,
): Verdict<State, Input, Output> {
  const ordered = operations.toSorted((one, other) => one.called_at - other.called_at);
  const known = ordered.filter((one) => one.answered_at !== Infinity);
  const unknown = ordered.filter((one) => one.answered_at === Infinity);
  const names = unknown.map((one, at) => model.nameOf?.(one.input) ?? String(at));
  const start = { from: 0, placed: 0n, placed_unknown: 0n, placed_count: 0 };
  let furthest: Point<State> = { state: model.initial, ...start };
  const pending = [furthest];
  const tried = new Set<string>();

  for (let point = pending.pop(); point !== undefined; point = pending.pop()) {
    // Whatever has an answer has happened; the rest need never have.
    if (point.from === known.length) return { is_linearizable: true, stuck: null };
    const key = keyOfPoint(model, point);
    if (tried.has(key)) continue;
    tried.add(key);
    if (tried.size > steps_max) throw new Error(`not decided within ${steps_max} steps`);
    if (point.placed_count > furthest.placed_count) furthest = point;
    const open = openOperations(known, point);
    if (!areStillPossible(model, point.state, open)) continue;
    // The last one pushed is tried first: known before unknown, early before late.
    pending.push(...afterUnknown(model, point, { unknown, names, until: open.first_answer }));
    pending.push(...afterKnown(model, point, open).toReversed());
  }
  const { state, placed_count } = furthest;
  const stuck = openOperations(known, furthest).operations.map(({ operation }) => operation);
  return { is_linearizable: false, stuck: { placed: placed_count, state, operations: stuck } };
}

function keyOfPoint<State, Input, Output>(
  model: Model<State, Input, Output>,
  { state, from, placed, placed_unknown }: Point<State>,
): string {
  return `${from} ${placed.toString(36)} ${placed_unknown.toString(36)} ${model.keyOf(state)}`;
}

interface Open<Input, Output> {
  /** The known operations that can come next, with their distance from `from`. */
  readonly operations: readonly { distance: number; operation: Operation<Input, Output> }[];
  /** Nothing can come next that was called after it. */
  readonly first_answer: number;
}

function openOperations<State, Input, Output>(
  known: readonly Operation<Input, Output>[],
  { from, placed }: Point<State>,
): Open<Input, Output> {
  const operations: { distance: number; operation: Operation<Input, Output> }[] = [];
  let first_answer = Infinity;
  for (let at = from; at < known.length; at += 1) {
    const operation = known[at];
    if (operation === undefined || operation.called_at > first_answer) break;
    const distance = at - from;
    if (hasBit(placed, distance)) continue;
    operations.push({ distance, operation });
    first_answer = Math.min(first_answer, operation.answered_at);
  }
  return { operations, first_answer };
}

function areStillPossible<State, Input, Output>(
  model: Model<State, Input, Output>,
  state: State,
  open: Open<Input, Output>,
): boolean {
  return open.operations.every(
    ({ operation: { output } }) =>
      output === null || (model.isStillPossible?.(state, output) ?? true),
  );
}

function afterKnown<State, Input, Output>(
  model: Model<State, Input, Output>,
  point: Point<State>,
  open: Open<Input, Output>,
): Point<State>[] {
  return open.operations.flatMap(({ distance, operation }) => {
    const state = model.apply(point.state, operation.input, operation.output);
    if (state === null) return [];
    let { from } = point;
    let placed = point.placed | (1n << BigInt(distance));
    for (; hasBit(placed, 0); placed >>= 1n) from += 1;
    return [{ ...point, state, from, placed, placed_count: point.placed_count + 1 }];
  });
}

interface UnknownOperations<Input, Output> {
  readonly unknown: readonly Operation<Input, Output>[];
  readonly names: readonly string[];
  readonly until: number;
}

function afterUnknown<State, Input, Output>(
  model: Model<State, Input, Output>,
  point: Point<State>,
  { unknown, names, until }: UnknownOperations<Input, Output>,
): Point<State>[] {
  const points: Point<State>[] = [];
  const tried_names = new Set<string>();
  for (const [at, operation] of unknown.entries()) {
    if (operation.called_at > until) break;
    const name = names[at] ?? '';
    if (hasBit(point.placed_unknown, at) || tried_names.has(name)) continue;
    tried_names.add(name);
    const state = model.apply(point.state, operation.input, null);
    if (state === null) continue;
    points.push({ ...point, state, placed_unknown: point.placed_unknown | (1n << BigInt(at)) });
  }
  return points;
}

function hasBit(mask: bigint, at: number): boolean {
  return ((mask >> BigInt(at)) & 1n) === 1n;
}
