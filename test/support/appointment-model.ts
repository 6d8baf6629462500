import { unreachable } from '../../src/base/assert.ts';
import type { Model, Operation } from './linearizability.ts';

/** An appointment with what the requests of a mixed load can change of it. */
export interface AppointmentState {
  readonly version: number;
  readonly title: string;
  readonly description: string;
  readonly is_cancelled: boolean;
}

/** Null: without `If-Match`. */
type IfMatch = number | null;

/** Each title and each description is sent once in a history. */
export type AppointmentInput =
  | { readonly kind: 'get' }
  | {
      readonly kind: 'put';
      readonly title: string;
      readonly description: string;
      readonly if_match: IfMatch;
    }
  /** Null: left as it is. */
  | {
      readonly kind: 'patch';
      readonly title: string | null;
      readonly description: string | null;
      readonly if_match: IfMatch;
    }
  | { readonly kind: 'cancel'; readonly if_match: IfMatch }
  | { readonly kind: 'restore'; readonly if_match: IfMatch };

export type AppointmentOutput =
  | { readonly kind: 'shown'; readonly state: AppointmentState }
  /** A cancellation answers no more than that. */
  | { readonly kind: 'version'; readonly version: number }
  | { readonly kind: 'refused'; readonly status: 403 | 412 };

export type AppointmentOperation = Operation<AppointmentInput, AppointmentOutput>;

/** Stands for any text that nobody ever saw. It is never equal to another one. */
const UNSEEN = '\0unseen';

export function appointmentModel(
  initial: AppointmentState,
): Model<AppointmentState, AppointmentInput, AppointmentOutput> {
  return {
    initial,
    apply(state, input, output) {
      const after = afterInput(state, input);
      if (output === null) return typeof after === 'number' || after === state ? null : after;
      if (output.kind === 'refused') return after === output.status ? state : null;
      if (typeof after === 'number') return null;
      const is_so =
        output.kind === 'version'
          ? output.version === after.version
          : keyOf(output.state) === keyOf(after);
      return is_so ? after : null;
    },
    keyOf,
    // Versions only grow, and each one is one state.
    isStillPossible(state, output) {
      if (output.kind === 'refused') return true;
      if (output.kind === 'version') return output.version >= state.version;
      return output.state.version === state.version
        ? keyOf(output.state) === keyOf(state)
        : output.state.version > state.version;
    },
    nameOf: (input) => JSON.stringify(input),
  };
}

function keyOf({ version, title, description, is_cancelled }: AppointmentState): string {
  return JSON.stringify([version, title, description, is_cancelled]);
}

/** The next state, the same one when it is so already, or the status of the refusal. */
function afterInput(
  state: AppointmentState,
  input: AppointmentInput,
): AppointmentState | 403 | 412 {
  if (input.kind === 'get') return state;
  if (input.if_match !== null && input.if_match !== state.version) return 412;
  const version = state.version + 1;
  switch (input.kind) {
    case 'cancel':
      return state.is_cancelled ? state : { ...state, version, is_cancelled: true };
    case 'restore':
      return state.is_cancelled ? { ...state, version, is_cancelled: false } : state;
    case 'put':
    case 'patch': {
      if (state.is_cancelled) return 403;
      const title = input.title ?? state.title;
      const description = input.description ?? state.description;
      const is_same =
        (input.title === null || isSameText(title, state.title)) &&
        (input.description === null || isSameText(description, state.description));
      return is_same ? state : { ...state, version, title, description };
    }
    default:
      return unreachable(input);
  }
}

function isSameText(one: string, other: string): boolean {
  return one === other && one !== UNSEEN;
}

/**
 * The same history, as far as it can be judged, with the texts that no answer ever showed made alike. The
 * unknown changes that brought them then do the same, and the search need not try them all.
 */
export function withUnseenAlike(history: readonly AppointmentOperation[]): AppointmentOperation[] {
  const seen = new Set<string>();
  for (const { output } of history) {
    if (output?.kind !== 'shown') continue;
    seen.add(output.state.title);
    seen.add(output.state.description);
  }
  const asSeen = (text: string): string => (seen.has(text) ? text : UNSEEN);
  return history.map((operation) => {
    const { input, output } = operation;
    if (output !== null || (input.kind !== 'put' && input.kind !== 'patch')) return operation;
    if (input.kind === 'put') {
      const { title, description } = input;
      return {
        ...operation,
        input: { ...input, title: asSeen(title), description: asSeen(description) },
      };
    }
    const title = input.title === null ? null : asSeen(input.title);
    const description = input.description === null ? null : asSeen(input.description);
    return { ...operation, input: { ...input, title, description } };
  });
}
