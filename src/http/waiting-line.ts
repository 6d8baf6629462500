import { assert } from '../base/assert.ts';
import { remainingMs } from './deadline.ts';
import type { Deadline } from './deadline.ts';
import { ProblemError } from './problem.ts';

export interface WaitingLineOptions {
  readonly at_once: number;
  readonly waiting_max: number;
  /** Told to who is refused. */
  readonly too_many: string;
}

/**
 * Work that takes long, few at a time. Those that wait are bounded as well: `overloaded` beyond, and for who
 * is no longer waited for when the turn comes.
 */
export class WaitingLine {
  readonly #options: WaitingLineOptions;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(options: WaitingLineOptions) {
    this.#options = options;
  }

  async inTurn<T>(deadline: Deadline, work: () => Promise<T>): Promise<T> {
    await this.#enter();
    try {
      if (remainingMs(deadline) === 0) throw this.#tooMany();
      return await work();
    } finally {
      this.#leave();
    }
  }

  #enter(): Promise<void> {
    if (this.#running < this.#options.at_once) {
      this.#running += 1;
      return Promise.resolve();
    }
    if (this.#waiting.length >= this.#options.waiting_max) {
      return Promise.reject(this.#tooMany());
    }
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  /** The place goes to who waits longest. */
  #leave(): void {
    assert(this.#running > 0, 'a place left twice');
    const next = this.#waiting.shift();
    if (next === undefined) this.#running -= 1;
    else next();
  }

  #tooMany(): ProblemError {
    return new ProblemError({ code: 'overloaded', detail: this.#options.too_many });
  }
}
