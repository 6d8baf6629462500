import { assert } from '../base/assert.ts';
import type { RequestKey } from '../agenda/command.ts';
import type { Instant } from '../agenda/model.ts';
import type { Answer } from '../agenda/outcome.ts';
import type { LogIndex } from '../consensus/raft/entry.ts';
import { limits } from '../limits.ts';
import type { RememberedRequest, RequestStore } from './agenda-store.ts';

export interface RequestKeysOptions {
  readonly requests: RequestStore;
  readonly request_keys_max?: number;
  readonly answers_bytes_max?: number;
}

/**
 * Which requests succeeded, so that a retry gets the first answer and changes nothing (thesis §6.3).
 * What is kept and what is forgotten depends on the state and on state time alone: equal on every replica.
 */
export class RequestKeys {
  readonly #requests: RequestStore;
  readonly #request_keys_max: number;
  readonly #answers_bytes_max: number;
  #count = 0;
  #answers_bytes = 0;
  /** When the next one expires; spares a query per command. */
  #next_expiry: Instant | null = null;

  constructor(options: RequestKeysOptions) {
    this.#requests = options.requests;
    this.#request_keys_max = options.request_keys_max ?? limits.request_keys_max;
    this.#answers_bytes_max = options.answers_bytes_max ?? limits.stored_answers_bytes_max;
    assert(this.#request_keys_max >= 1, 'no room for request keys');
    assert(
      this.#answers_bytes_max >= limits.stored_answer_bytes_max,
      'no room for the largest answer',
    );
    this.reload();
  }

  /** Reads what is cached here again; needed after a transaction that was rolled back. */
  reload(): void {
    this.#count = this.#requests.count();
    this.#answers_bytes = this.#requests.bytes();
    this.#next_expiry = this.#requests.firstToExpire()?.expires_at ?? null;
  }

  /** The success under this scope; null when there was none, or when it is forgotten by now. */
  find(scope_hash: string, state_time: Instant): RememberedRequest | null {
    const request = this.#requests.find(scope_hash);
    return request !== null && request.expires_at > state_time ? request : null;
  }

  /** Deletes what is forgotten, a few at a time; returns how many. */
  prune(state_time: Instant): number {
    let pruned = 0;
    while (
      this.#next_expiry !== null &&
      this.#next_expiry <= state_time &&
      pruned < limits.request_keys_pruned_per_command
    ) {
      this.#deleteFirst();
      pruned += 1;
    }
    return pruned;
  }

  /** Remembers a success; beyond the bounds, what would be forgotten first goes. */
  remember(
    key: RequestKey,
    answer: Answer,
    entry_index: LogIndex,
    state_time: Instant,
  ): RememberedRequest {
    // Forgotten, and not yet pruned: the scope must be unique.
    const forgotten = this.#requests.find(key.scope_hash);
    if (forgotten !== null) {
      assert(forgotten.expires_at <= state_time, 'a remembered request was decided again');
      this.#delete(forgotten.entry_index);
    }
    while (this.#isFull) this.#deleteFirst();
    const expires_at = state_time + key.ttl_ms;
    const { scope_hash, fingerprint } = key;
    const request: RememberedRequest = { entry_index, scope_hash, fingerprint, answer, expires_at };
    this.#answers_bytes += this.#requests.insert(request);
    this.#count += 1;
    this.#next_expiry = Math.min(this.#next_expiry ?? expires_at, expires_at);
    return request;
  }

  /** Whether there is no room for one more, with the largest answer. */
  get #isFull(): boolean {
    const bytes = this.#answers_bytes + limits.stored_answer_bytes_max;
    return this.#count >= this.#request_keys_max || bytes > this.#answers_bytes_max;
  }

  #deleteFirst(): void {
    const first = this.#requests.firstToExpire();
    assert(first !== null, 'no request key to delete');
    this.#delete(first.entry_index);
  }

  #delete(entry_index: LogIndex): void {
    assert(this.#count > 0, 'more request keys deleted than there were');
    this.#answers_bytes -= this.#requests.delete(entry_index);
    this.#count -= 1;
    assert(this.#answers_bytes >= 0, 'more bytes of answers deleted than there were');
    this.#next_expiry = this.#requests.firstToExpire()?.expires_at ?? null;
  }
}
