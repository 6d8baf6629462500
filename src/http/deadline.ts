import { performance } from 'node:perf_hooks';
import { limits } from '../limits.ts';

/** Until when a request must be answered, on the monotonic clock of this process. */
export interface Deadline {
  readonly ends_at_ms: number;
}

export function startDeadline(): Deadline {
  return { ends_at_ms: performance.now() + limits.request_deadline_ms };
}

/** Never negative. */
export function remainingMs(deadline: Deadline): number {
  return Math.max(0, deadline.ends_at_ms - performance.now());
}

export const TOO_LATE = Symbol('too late');

/** What the promise resolves to, or {@link TOO_LATE} after `timeout_ms`. It goes on, unobserved, then. */
export function within<T>(promise: Promise<T>, timeout_ms: number): Promise<T | typeof TOO_LATE> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      resolve(TOO_LATE);
    }, timeout_ms);
    promise.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}
