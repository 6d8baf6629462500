import { assert } from '../base/assert.ts';
import type { Clock } from '../consensus/ports.ts';
import type { LogIndex } from '../consensus/raft/entry.ts';
import type { DigestSource } from './digest-question.ts';
import type { StateStops } from './state-stops.ts';

export interface StopsOfState {
  readonly clock: Clock;
  readonly state: DigestSource & { readonly stops: StateStops };
}

/**
 * Calls `pin` between the commit of the entry at `index`, which is not passed yet, and the next; null when
 * that does not come in time.
 */
export function pinAt<Pinned>(
  { state, clock }: StopsOfState,
  index: LogIndex,
  wait_ms: number,
  pin: () => Pinned,
): Promise<Pinned | null> {
  assert(state.applied_index <= index, 'a state that is passed cannot be pinned');
  return new Promise((resolve, reject) => {
    const pinNow = (): void => {
      try {
        assert(state.applied_index === index, 'a state of another index');
        resolve(pin());
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    };
    if (state.applied_index === index) {
      pinNow();
      return;
    }
    const cancel_time = clock.after(wait_ms, () => {
      cancel_stop();
      resolve(null);
    });
    const cancel_stop = state.stops.add(index, () => {
      cancel_time();
      pinNow();
    });
  });
}
