import type { LogIndex } from './raft/entry.ts';

interface Waiter {
  readonly index: LogIndex;
  readonly deadline_ms: number;
  readonly resolve: (reached: boolean) => void;
}

/** Who waits until this replica has applied an index. */
export class IndexWaiters {
  #waiters: Waiter[] = [];

  /** False when the deadline passes first. */
  wait(index: LogIndex, applied_index: LogIndex, deadline_ms: number): Promise<boolean> {
    if (index <= applied_index) return Promise.resolve(true);
    return new Promise((resolve) => {
      this.#waiters.push({ index, deadline_ms, resolve });
    });
  }

  applied(index: LogIndex): void {
    this.#settle((waiter) => waiter.index <= index, true);
  }

  expire(now_ms: number): void {
    this.#settle((waiter) => waiter.deadline_ms <= now_ms, false);
  }

  expireAll(): void {
    this.#settle(() => true, false);
  }

  #settle(ends: (waiter: Waiter) => boolean, reached: boolean): void {
    if (this.#waiters.length === 0) return;
    const ended = this.#waiters.filter(ends);
    if (ended.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => !ends(waiter));
    for (const waiter of ended) waiter.resolve(reached);
  }
}
