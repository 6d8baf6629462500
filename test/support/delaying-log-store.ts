import type { Clock, LogStore } from '../../src/consensus/ports.ts';

/**
 * Any log store on a slower disk: every write takes `sync_ms` longer, and while it is stalled nothing is
 * done at all. What is called is done in order.
 */
export class DelayingLogStore implements LogStore {
  readonly #inner: LogStore;
  readonly #clock: Pick<Clock, 'after'>;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #sync_ms = 0;
  #resumed: Promise<void> | null = null;
  #resume = (): void => undefined;

  constructor(inner: LogStore, clock: Pick<Clock, 'after'>) {
    this.#inner = inner;
    this.#clock = clock;
  }

  slow(sync_ms: number): void {
    this.#sync_ms = sync_ms;
  }

  stall(): void {
    this.#resumed ??= new Promise((resolve) => {
      this.#resume = resolve;
    });
  }

  resume(): void {
    this.#resumed = null;
    this.#resume();
  }

  load: LogStore['load'] = () => this.#inTurn(0, () => this.#inner.load());
  write: LogStore['write'] = (writes) =>
    this.#inTurn(this.#sync_ms, () => this.#inner.write(writes));
  read: LogStore['read'] = (from, through, bytes_max) =>
    this.#inTurn(0, () => this.#inner.read(from, through, bytes_max));
  inspect: LogStore['inspect'] = (index) => this.#inTurn(0, () => this.#inner.inspect(index));
  repair: LogStore['repair'] = (entries) =>
    this.#inTurn(this.#sync_ms, () => this.#inner.repair(entries));
  close: LogStore['close'] = () => this.#inTurn(0, () => this.#inner.close());

  #inTurn<T>(delay_ms: number, call: () => Promise<T>): Promise<T> {
    if (this.#resumed === null && delay_ms === 0 && this.#waiting === 0) return call();
    this.#waiting += 1;
    const done = this.#last.then(async () => {
      while (this.#resumed !== null) await this.#resumed;
      if (delay_ms > 0) {
        await new Promise<void>((resolve) => {
          this.#clock.after(delay_ms, resolve);
        });
      }
      return call();
    });
    const settled = (): void => {
      this.#waiting -= 1;
    };
    this.#last = done.then(settled, settled);
    return done;
  }
}
