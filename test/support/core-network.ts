import type { Input, Token } from '../../src/consensus/raft/input.ts';
import type { Request, Response } from '../../src/consensus/raft/message.ts';
import type { Prng } from '../../src/base/prng.ts';
import { checkDurable } from './cluster-replica.ts';
import type { Replica } from './cluster-replica.ts';
import type { EventQueue } from './event-queue.ts';
import type { Weather } from './weather.ts';
import { FAIR_WEATHER } from './weather.ts';

/** A request that got no answer is lost after this. */
const RPC_TIMEOUT_MS = 60;
const STRAGGLER_MS_MAX = 1_000;

/** One request on its way, with all that may come back. */
interface Call {
  readonly from: Replica;
  readonly boot: number;
  readonly to: Replica;
  readonly message: Request;
  is_settled: boolean;
}

interface CoreNetworkOptions {
  readonly events: EventQueue;
  readonly prng: Prng;
  readonly feed: (replica: Replica, input: Input) => void;
  readonly token: (replica: Replica) => Token;
}

/** What is between the cores: it delays, drops, duplicates, reorders and cuts, by its weather. */
export class CoreNetwork {
  readonly #options: CoreNetworkOptions;
  /** Directed links that are cut: "from to". */
  readonly #cuts = new Set<string>();
  weather: Weather = FAIR_WEATHER;

  constructor(options: CoreNetworkOptions) {
    this.#options = options;
  }

  cut(from: Replica, to: Replica): void {
    this.#cuts.add(`${from.key} ${to.key}`);
  }

  heal(): void {
    this.#cuts.clear();
  }

  send(from: Replica, to: Replica, message: Request): void {
    const call: Call = { from, boot: from.boot, to, message, is_settled: false };
    const copies = this.#chance(this.weather.duplicate_percent) ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) this.#deliverLater(call);
    this.#options.events.after(RPC_TIMEOUT_MS, () => this.#callFailed(call));
  }

  #chance(percent: number): boolean {
    return this.#options.prng.below(100) < percent;
  }

  #isLost(from: Replica, to: Replica): boolean {
    return this.#chance(this.weather.drop_percent) || this.#cuts.has(`${from.key} ${to.key}`);
  }

  #delayMs(): number {
    const { delay_ms_max, straggler_percent } = this.weather;
    const delay_max = this.#chance(straggler_percent) ? STRAGGLER_MS_MAX : delay_ms_max;
    return 1 + this.#options.prng.below(delay_max);
  }

  #deliverLater(call: Call): void {
    const { from, to, message } = call;
    const { events, feed, token } = this.#options;
    if (this.#isLost(from, to)) return;
    events.after(this.#delayMs(), () => {
      if (to.core === null) return;
      const request_token = token(to);
      const { boot } = to;
      to.replies.set(request_token, (response) => {
        checkDurable(to, from.member, response);
        if (this.#isLost(to, from) || to.boot !== boot) return;
        events.after(this.#delayMs(), () => this.#answered(call, response));
      });
      feed(to, { kind: 'request', from: from.member, token: request_token, message });
    });
  }

  /** Also when it is late or the second answer: a core must not care. */
  #answered(call: Call, response: Response): void {
    const { from } = call;
    if (from.boot !== call.boot || from.core === null) return;
    call.is_settled = true;
    this.#options.feed(from, { kind: 'response', from: call.to.member, message: response });
  }

  #callFailed(call: Call): void {
    const { from } = call;
    if (call.is_settled || from.boot !== call.boot || from.core === null) return;
    call.is_settled = true;
    this.#options.feed(from, { kind: 'send_failed', to: call.to.member, message: call.message });
  }
}
