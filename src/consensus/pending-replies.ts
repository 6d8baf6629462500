import { assert } from '../base/assert.ts';
import type { Token } from './raft/input.ts';
import type { Response } from './raft/message.ts';

interface Asker {
  readonly resolve: (response: Response) => void;
  readonly reject: (error: Error) => void;
}

/** Peers that wait for the answer to their request. */
export class PendingReplies {
  readonly #askers = new Map<Token, Asker>();

  wait(token: Token): Promise<Response> {
    return new Promise((resolve, reject) => {
      this.#askers.set(token, { resolve, reject });
    });
  }

  reply(token: Token, message: Response): void {
    const asker = this.#askers.get(token);
    assert(asker !== undefined, 'a request is answered once');
    this.#askers.delete(token);
    asker.resolve(message);
  }

  rejectAll(reason: string): void {
    for (const { reject } of this.#askers.values()) reject(new Error(reason));
    this.#askers.clear();
  }
}
