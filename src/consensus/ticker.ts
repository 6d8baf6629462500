import { assert } from '../base/assert.ts';
import type { Clock } from './ports.ts';

export interface TickerOptions {
  readonly clock: Clock;
  readonly tick_ms: number;
  /** After a pause of the process, messages that wait deserve to be heard before a timeout. */
  readonly ticks_at_once_max: number;
  readonly onTicks: (ticks: number, now_ms: number) => void;
}

/** Of who does not look often. */
const TICKS_TOGETHER_MAX = 4;

/** Turns time into ticks, the only time that the core knows. */
export class Ticker {
  readonly #options: TickerOptions;
  #looks_often = false;
  #last_tick_ms = 0;
  #stop: (() => void) | null = null;

  constructor(options: TickerOptions) {
    this.#options = options;
  }

  start(): void {
    assert(this.#stop === null, 'a ticker starts once');
    this.#last_tick_ms = this.#options.clock.now_ms();
    this.#arm();
  }

  /**
   * Who leads has something to do at many ticks. The others wait for their election timeout alone: they
   * look at the clock less often, which wakes the process each time, and ticks come several together.
   */
  lookOften(is_often: boolean): void {
    if (is_often === this.#looks_often) return;
    this.#looks_often = is_often;
    if (this.#stop === null) return;
    this.#stop();
    this.#arm();
  }

  stop(): void {
    this.#stop?.();
  }

  #arm(): void {
    const { clock, tick_ms, ticks_at_once_max } = this.#options;
    // A third of a heartbeat, when that is less.
    const seldom = Math.max(1, Math.min(TICKS_TOGETHER_MAX, Math.floor(ticks_at_once_max / 3)));
    const ticks = this.#looks_often ? 1 : seldom;
    this.#stop = clock.every(tick_ms * ticks, () => this.#tick());
  }

  #tick(): void {
    const { clock, tick_ms, ticks_at_once_max, onTicks } = this.#options;
    const now_ms = clock.now_ms();
    const elapsed = Math.floor((now_ms - this.#last_tick_ms) / tick_ms);
    this.#last_tick_ms += elapsed * tick_ms;
    onTicks(Math.min(elapsed, ticks_at_once_max), now_ms);
  }
}
