import { assert } from '../base/assert.ts';
import type { Clock } from './ports.ts';

export interface TickerOptions {
  readonly clock: Clock;
  readonly tick_ms: number;
  /** After a pause of the process, messages that wait deserve to be heard before a timeout. */
  readonly ticks_at_once_max: number;
  readonly onTicks: (ticks: number, now_ms: number) => void;
}

/** Turns time into ticks, the only time that the core knows. */
export class Ticker {
  readonly #options: TickerOptions;
  #last_tick_ms = 0;
  #stop: (() => void) | null = null;

  constructor(options: TickerOptions) {
    this.#options = options;
  }

  start(): void {
    assert(this.#stop === null, 'a ticker starts once');
    const { clock, tick_ms } = this.#options;
    this.#last_tick_ms = clock.now_ms();
    this.#stop = clock.every(tick_ms, () => this.#tick());
  }

  stop(): void {
    this.#stop?.();
  }

  #tick(): void {
    const { clock, tick_ms, ticks_at_once_max, onTicks } = this.#options;
    const now_ms = clock.now_ms();
    const elapsed = Math.floor((now_ms - this.#last_tick_ms) / tick_ms);
    this.#last_tick_ms += elapsed * tick_ms;
    onTicks(Math.min(elapsed, ticks_at_once_max), now_ms);
  }
}
