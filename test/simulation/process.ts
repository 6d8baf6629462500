import type { Clock } from '../../src/consensus/ports.ts';
import type { EventQueue } from '../support/event-queue.ts';

/**
 * One life of a process: everything of it runs through {@link run}. Killed, nothing of it ever runs
 * again; stopped (SIGSTOP), what is due waits until it goes on.
 */
export class SimulatedProcess implements Clock {
  readonly #queue: EventQueue;
  /** What its monotonic clock said when the simulation began: no two processes agree. */
  readonly #origin_ms: number;
  #is_dead = false;
  #is_stopped = false;
  #held: (() => void)[] = [];

  constructor(queue: EventQueue, origin_ms: number) {
    this.#queue = queue;
    this.#origin_ms = origin_ms;
  }

  get is_stopped(): boolean {
    return this.#is_stopped;
  }

  run(callback: () => void): void {
    if (this.#is_dead) return;
    if (this.#is_stopped) this.#held.push(callback);
    else callback();
  }

  kill(): void {
    this.#is_dead = true;
    this.#held = [];
  }

  stop(): void {
    this.#is_stopped = true;
  }

  /** What waited runs soon, in its order. */
  goOn(): void {
    this.#is_stopped = false;
    const held = this.#held;
    this.#held = [];
    for (const callback of held) this.soon(callback);
  }

  now_ms(): number {
    return this.#origin_ms + this.#queue.now_ms;
  }

  after(delay_ms: number, callback: () => void): () => void {
    let is_cancelled = false;
    this.#queue.after(delay_ms, () =>
      this.run(() => {
        if (!is_cancelled) callback();
      }),
    );
    return () => {
      is_cancelled = true;
    };
  }

  soon(callback: () => void): void {
    this.after(0, callback);
  }

  every(interval_ms: number, callback: () => void): () => void {
    let cancel = (): void => undefined;
    const again = (): void => {
      cancel = this.after(interval_ms, again);
      callback();
    };
    cancel = this.after(interval_ms, again);
    return () => cancel();
  }
}
