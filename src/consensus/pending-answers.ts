import type { Token } from './raft/input.ts';

interface Waiting<Answer> {
  readonly deadline_ms: number;
  readonly resolve: (answer: Answer) => void;
}

/** Who waits for the core to settle something; whoever waits too long is told so. */
export class PendingAnswers<Answer> {
  readonly #too_late: Answer;
  readonly #waiting = new Map<Token, Waiting<Answer>>();

  /** `too_late` answers those whose time is over. */
  constructor(too_late: Answer) {
    this.#too_late = too_late;
  }

  get size(): number {
    return this.#waiting.size;
  }

  wait(token: Token, deadline_ms: number): Promise<Answer> {
    return new Promise((resolve) => {
      this.#waiting.set(token, { deadline_ms, resolve });
    });
  }

  /** Null, or a token that waits no longer: nobody is told. */
  settle(token: Token | null, answer: Answer): void {
    if (token === null) return;
    const waiting = this.#waiting.get(token);
    this.#waiting.delete(token);
    waiting?.resolve(answer);
  }

  expire(now_ms: number): void {
    for (const [token, { deadline_ms }] of this.#waiting) {
      if (deadline_ms <= now_ms) this.settle(token, this.#too_late);
    }
  }

  expireAll(): void {
    for (const token of this.#waiting.keys()) this.settle(token, this.#too_late);
  }
}
