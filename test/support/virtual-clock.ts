import type { Clock } from '../../src/consensus/ports.ts';

interface Alarm {
  readonly due_ms: number;
  readonly order: number;
  readonly callback: () => void;
}

/** Time that passes only when a test says so. */
export class VirtualClock {
  #now_ms = 0;
  #order = 0;
  #alarms: Alarm[] = [];

  now_ms(): number {
    return this.#now_ms;
  }

  after(delay_ms: number, callback: () => void): () => void {
    this.#order += 1;
    const alarm: Alarm = { due_ms: this.#now_ms + delay_ms, order: this.#order, callback };
    this.#alarms.push(alarm);
    return () => {
      this.#alarms = this.#alarms.filter((one) => one !== alarm);
    };
  }

  /** A clock for one process: when the process dies, nothing of it ever runs again. */
  forProcess(): { clock: Clock; die: () => void } {
    let is_dead = false;
    const guarded =
      (callback: () => void): (() => void) =>
      () => {
        if (!is_dead) callback();
      };
    const clock: Clock = {
      now_ms: () => this.#now_ms,
      after: (delay_ms, callback) => this.after(delay_ms, guarded(callback)),
      soon: (callback) => void this.after(0, guarded(callback)),
      every: (interval_ms, callback) => {
        let cancel = (): void => undefined;
        const again = guarded(() => {
          cancel = this.after(interval_ms, again);
          callback();
        });
        cancel = this.after(interval_ms, again);
        return () => cancel();
      },
    };
    return {
      clock,
      die: () => {
        is_dead = true;
      },
    };
  }

  /** Lets time pass, with everything that is due in it, in order. */
  async advance(span_ms: number): Promise<void> {
    const end_ms = this.#now_ms + span_ms;
    for (;;) {
      await settled();
      const next = this.#alarms
        .filter((alarm) => alarm.due_ms <= end_ms)
        .sort((one, other) => one.due_ms - other.due_ms || one.order - other.order)[0];
      if (next === undefined) break;
      this.#alarms = this.#alarms.filter((alarm) => alarm !== next);
      this.#now_ms = Math.max(this.#now_ms, next.due_ms);
      next.callback();
    }
    this.#now_ms = end_ms;
  }

  /** Lets time pass until the condition holds; throws after `bound_ms` of virtual time. */
  async until(what: string, holds: () => boolean, bound_ms = 60_000): Promise<void> {
    const gives_up_ms = this.#now_ms + bound_ms;
    while (!holds()) {
      if (this.#now_ms >= gives_up_ms) throw new Error(`never came: ${what}`);
      await this.advance(10);
    }
  }
}

/** What promises have in store for now, to the last of them. */
function settled(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
