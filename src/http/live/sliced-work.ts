import type { Clock } from '../../consensus/ports.ts';
import { limits } from '../../limits.ts';

/** Work in small steps: each `next` is one, and takes far less time than a slice. */
export type Steps = Generator<void, void>;

export interface SlicedWorkOptions {
  readonly clock: Pick<Clock, 'now_ms' | 'soon'>;
  /** A step threw: the rest of its work is given up. */
  readonly onFailed: (error: unknown) => void;
}

/**
 * Several works taken in turns, one step of each, for a few milliseconds at a time; between two slices the
 * event loop is free.
 */
export class SlicedWork {
  readonly #options: SlicedWorkOptions;
  readonly #works = new Set<Steps>();
  #is_awaited = false;
  #is_stopped = false;

  constructor(options: SlicedWorkOptions) {
    this.#options = options;
  }

  /** Begins soon, not within this call. */
  add(steps: Steps): void {
    this.#works.add(steps);
    this.#await();
  }

  stop(): void {
    this.#is_stopped = true;
    this.#works.clear();
  }

  #await(): void {
    if (this.#is_awaited || this.#is_stopped || this.#works.size === 0) return;
    this.#is_awaited = true;
    this.#options.clock.soon(() => {
      this.#is_awaited = false;
      this.#slice();
      this.#await();
    });
  }

  #slice(): void {
    const ends_at_ms = this.#options.clock.now_ms() + limits.live_slice_ms;
    while (this.#works.size > 0) {
      for (const steps of this.#works) {
        this.#step(steps);
        if (this.#options.clock.now_ms() >= ends_at_ms) {
          // Who had its turn comes last in the next slice.
          if (this.#works.delete(steps)) this.#works.add(steps);
          return;
        }
      }
    }
  }

  #step(steps: Steps): void {
    try {
      if (steps.next().done === true) this.#works.delete(steps);
    } catch (error) {
      this.#works.delete(steps);
      this.#options.onFailed(error);
    }
  }
}
