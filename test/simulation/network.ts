import type { Prng } from '../../src/base/prng.ts';
import type { Transport } from '../../src/consensus/ports.ts';
import type { Member, NodeId } from '../../src/consensus/raft/configuration.ts';
import { sameMember } from '../../src/consensus/raft/configuration.ts';
import type { Request, Response } from '../../src/consensus/raft/message.ts';
import {
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
} from '../../src/consensus/rpc/message-codec.ts';
import type { EventQueue } from '../support/event-queue.ts';
import type { Weather } from '../support/weather.ts';
import { FAIR_WEATHER } from '../support/weather.ts';
import { describeRequest, describeResponse } from './describe-message.ts';
import type { SimulatedProcess } from './process.ts';

/** A replica as the network sees it; null while its process is down. */
export interface Endpoint {
  readonly member: Member;
  readonly process: SimulatedProcess;
  receive(from: Member, message: Request): Promise<Response>;
}

export interface NetworkOptions {
  readonly queue: EventQueue;
  readonly prng: Prng;
  readonly endpointOf: (node_id: NodeId) => Endpoint | null;
  /** An answer is about to leave: what it promises must be kept by now. */
  readonly onAnswer: (from: Member, asker: Member, request: Request, response: Response) => void;
  readonly note: (what: string) => void;
}

const RPC_TIMEOUT_MS = 1_000;
const STRAGGLER_MS = 1_000;

/**
 * Delays, drops, repeats and reorders messages, and cuts links one way. Messages travel as the bytes
 * that real replicas send.
 */
export class Network {
  weather: Weather = FAIR_WEATHER;
  readonly #options: NetworkOptions;
  /** By link, `from to`: how many faults keep it cut. */
  readonly #cuts = new Map<string, number>();
  #requests = 0;

  constructor(options: NetworkOptions) {
    this.#options = options;
  }

  /** Nothing passes from one to the other until the returned function is called. */
  cut(from: NodeId, to: NodeId): () => void {
    const link = `${from} ${to}`;
    this.#cuts.set(link, (this.#cuts.get(link) ?? 0) + 1);
    let is_mended = false;
    return () => {
      if (is_mended) return;
      is_mended = true;
      const left = (this.#cuts.get(link) ?? 1) - 1;
      if (left === 0) this.#cuts.delete(link);
      else this.#cuts.set(link, left);
    };
  }

  isCut(from: NodeId, to: NodeId): boolean {
    return this.#cuts.has(`${from} ${to}`);
  }

  /** All links are whole again. */
  mend(): void {
    this.#cuts.clear();
    this.weather = FAIR_WEATHER;
  }

  transportOf(from: Endpoint): Transport {
    return {
      send: (to, message) =>
        new Promise<Response>((resolve, reject) => this.#ask(from, to, message, resolve, reject)),
    };
  }

  #ask(
    from: Endpoint,
    to: Member,
    message: Request,
    resolve: (response: Response) => void,
    reject: (error: Error) => void,
  ): void {
    this.#requests += 1;
    const name = `${from.member.node_id}>${to.node_id} #${this.#requests}`;
    const bytes = encodeRequest(message);
    from.process.after(RPC_TIMEOUT_MS, () => reject(new Error('no answer')));
    this.#carry(from.member.node_id, to.node_id, name, () => {
      const endpoint = this.#options.endpointOf(to.node_id);
      // Signed for another disk: refused as a whole.
      if (endpoint === null || !sameMember(endpoint.member, to)) {
        from.process.run(() => reject(new Error('refused')));
        return;
      }
      endpoint.process.run(() => {
        const request = decodeRequest(bytes);
        this.#options.note(`${name} ${describeRequest(request)}`);
        endpoint.receive(from.member, request).then(
          (response) => {
            this.#options.onAnswer(endpoint.member, from.member, request, response);
            this.#answer(endpoint, from, name, response, resolve);
          },
          () => undefined,
        );
      });
    });
  }

  #answer(
    responder: Endpoint,
    asker: Endpoint,
    name: string,
    response: Response,
    resolve: (response: Response) => void,
  ): void {
    const bytes = encodeResponse(response);
    this.#carry(responder.member.node_id, asker.member.node_id, name, () =>
      asker.process.run(() => {
        const decoded = decodeResponse(bytes);
        this.#options.note(`${name} ${describeResponse(decoded)}`);
        resolve(decoded);
      }),
    );
  }

  /** Once, twice or never, after a while; a link may be cut at either end of it. */
  #carry(from: NodeId, to: NodeId, name: string, deliver: () => void): void {
    const { prng, queue, note } = this.#options;
    const { weather } = this;
    const link = `${from} ${to}`;
    const is_lost = prng.below(100) < weather.drop_percent;
    const copies = prng.below(100) < weather.duplicate_percent ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      const straggles = prng.below(100) < weather.straggler_percent;
      const delay_ms = 1 + prng.below(weather.delay_ms_max) + (straggles ? STRAGGLER_MS : 0);
      if (is_lost || this.#cuts.has(link)) continue;
      queue.after(delay_ms, () => {
        if (this.#cuts.has(link)) note(`${name} lost`);
        else deliver();
      });
    }
  }
}
