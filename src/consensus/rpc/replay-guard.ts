import { assert } from '../../base/assert.ts';
import { limits } from '../../limits.ts';
import { ReplayWindow } from './replay-window.ts';

export type ReplayVerdict = 'fresh' | 'replayed' | 'overloaded';

export interface Nonce {
  /** Whose counters these are: the sender's boot, and whether it knew whom it asked. */
  readonly sender: string;
  readonly counter: number;
  /** As signed by the sender. */
  readonly timestamp_ms: number;
}

interface Sender {
  readonly window: ReplayWindow;
  /** The latest time stamp admitted: until it is stale, forgetting the window would admit a replay. */
  latest_timestamp_ms: number;
}

/**
 * A {@link ReplayWindow} for each sender, a bounded number of them. To be asked only about requests
 * whose signature is good and whose time stamp is within `limits.rpc_clock_skew_ms` of now: those two
 * together with the windows refuse every second arrival.
 */
export class ReplayGuard {
  readonly #senders = new Map<string, Sender>();

  /** `overloaded`: a new sender, and no window may be forgotten yet. */
  admit(nonce: Nonce, now_ms: number): ReplayVerdict {
    let sender = this.#senders.get(nonce.sender);
    if (sender === undefined) {
      if (!this.#makeRoom(now_ms)) return 'overloaded';
      sender = { window: new ReplayWindow(limits.rpc_replay_window), latest_timestamp_ms: 0 };
      this.#senders.set(nonce.sender, sender);
    }
    if (!sender.window.admit(nonce.counter)) return 'replayed';
    sender.latest_timestamp_ms = Math.max(sender.latest_timestamp_ms, nonce.timestamp_ms);
    return 'fresh';
  }

  #makeRoom(now_ms: number): boolean {
    assert(this.#senders.size <= limits.rpc_replay_senders_max, 'too many senders remembered');
    if (this.#senders.size < limits.rpc_replay_senders_max) return true;
    let oldest: string | null = null;
    let oldest_timestamp_ms = now_ms - limits.rpc_clock_skew_ms;
    for (const [name, sender] of this.#senders) {
      if (sender.latest_timestamp_ms < oldest_timestamp_ms) {
        oldest = name;
        oldest_timestamp_ms = sender.latest_timestamp_ms;
      }
    }
    if (oldest === null) return false;
    this.#senders.delete(oldest);
    return true;
  }
}
