import { unreachable } from '../../src/base/assert.ts';
import type { Model } from '../support/linearizability.ts';

/** One appointment as its owner's clients see it. */
export interface AppointmentState {
  readonly title: string;
  readonly cancelled: boolean;
  readonly version: number;
}

export type AppointmentInput =
  | { readonly kind: 'read' }
  | { readonly kind: 'update'; readonly title: string; readonly if_match: number | null }
  | { readonly kind: 'cancel' }
  | { readonly kind: 'restore' };

export type AppointmentOutput =
  | { readonly kind: 'read'; readonly state: AppointmentState }
  | { readonly kind: 'done'; readonly version: number }
  | { readonly kind: 'refused'; readonly code: 'precondition_failed' | 'forbidden' };

/** The rules of `domain.md` for one appointment, in a few lines of their own. */
export function appointmentModel(
  initial: AppointmentState,
): Model<AppointmentState, AppointmentInput, AppointmentOutput> {
  return {
    initial,
    apply(state, input, output) {
      if (input.kind === 'read') return readIn(state, output);
      const next = changeOf(state, input);
      if (output === null)
        return next.kind === 'changed' && next.state !== state ? next.state : null;
      if (next.kind === 'refused') {
        return output.kind === 'refused' && output.code === next.code ? state : null;
      }
      return output.kind === 'done' && output.version === next.state.version ? next.state : null;
    },
    keyOf: (state) => `${state.version} ${state.cancelled ? 'cancelled' : ''} ${state.title}`,
  };
}

function readIn(
  state: AppointmentState,
  output: AppointmentOutput | null,
): AppointmentState | null {
  if (output?.kind !== 'read') return null;
  const { title, cancelled, version } = output.state;
  const is_same =
    title === state.title && cancelled === state.cancelled && version === state.version;
  return is_same ? state : null;
}

type Change =
  | { readonly kind: 'changed'; readonly state: AppointmentState }
  | { readonly kind: 'refused'; readonly code: 'precondition_failed' | 'forbidden' };

function changeOf(
  state: AppointmentState,
  input: Exclude<AppointmentInput, { kind: 'read' }>,
): Change {
  const version = state.version + 1;
  switch (input.kind) {
    case 'update':
      if (input.if_match !== null && input.if_match !== state.version) {
        return { kind: 'refused', code: 'precondition_failed' };
      }
      if (state.cancelled) return { kind: 'refused', code: 'forbidden' };
      return { kind: 'changed', state: { title: input.title, cancelled: false, version } };
    case 'cancel':
      return {
        kind: 'changed',
        state: state.cancelled ? state : { ...state, cancelled: true, version },
      };
    case 'restore':
      return {
        kind: 'changed',
        state: state.cancelled ? { ...state, cancelled: false, version } : state,
      };
    default:
      return unreachable(input);
  }
}
