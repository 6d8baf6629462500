import { must } from '../../../src/base/assert.ts';
import type { Member } from '../../../src/consensus/raft/configuration.ts';
import { memberKey } from '../../../src/consensus/raft/configuration.ts';
import type { Input, Token } from '../../../src/consensus/raft/input.ts';
import type { Request, Response } from '../../../src/consensus/raft/message.ts';
import { checkDurable } from '../../support/cluster-replica.ts';
import { describeMessage } from './describe-message.ts';
import type { Call, ScenarioNode } from './node.ts';
import type { Trace } from './trace.ts';
import { describeParcel, Wire } from './wire.ts';
import type { Parcel } from './wire.ts';

/** Requests and their answers over a wire; who gets no answer is told so, as the transport does. */
export class Calls {
  readonly wire = new Wire();
  readonly #nodes: readonly ScenarioNode[];
  readonly #trace: Trace;
  readonly #feed: (node: ScenarioNode, input: Input) => void;
  #open: readonly Call[] = [];

  constructor(
    nodes: readonly ScenarioNode[],
    trace: Trace,
    feed: (node: ScenarioNode, input: Input) => void,
  ) {
    this.#nodes = nodes;
    this.#trace = trace;
    this.#feed = feed;
  }

  send(from: ScenarioNode, to: Member, message: Request): void {
    const call: Call = { from, boot: from.replica.boot, to, message, is_open: true };
    this.#open = [...this.#open, call];
    this.#put({ from: from.name, to: to.node_id, call, content: { kind: 'request', message } });
  }

  sendAfterPersist(from: ScenarioNode, to: Member, message: Request): void {
    this.#afterPersist(from, to.node_id, message, () => this.send(from, to, message));
  }

  reply(from: ScenarioNode, token: Token, message: Response): void {
    const call = must(from.held.get(token), 'a request is answered once');
    from.held.delete(token);
    checkDurable(from.replica, call.from.replica.member, message);
    const to = call.from.name;
    this.#put({ from: from.name, to, call, content: { kind: 'response', message } });
  }

  replyAfterPersist(from: ScenarioNode, token: Token, message: Response): void {
    const call = must(from.held.get(token), 'a request is answered once');
    this.#afterPersist(from, call.from.name, message, () => this.reply(from, token, message));
  }

  deliver(parcel: Parcel): void {
    this.wire.remove(parcel);
    if (parcel.content.kind === 'request') this.#deliverRequest(parcel, parcel.content.message);
    else this.#deliverResponse(parcel, parcel.content.message);
    this.failLost();
  }

  /** Questions of which nothing is left, neither on the wire nor in anybody's hands. */
  failLost(): void {
    this.#open = this.#open.filter((call) => call.is_open && call.boot === call.from.replica.boot);
    const lost = this.#open.filter(
      (call) =>
        this.wire.parcels.every((parcel) => parcel.call !== call) &&
        !this.#nodes.some(({ held }) => [...held.values()].includes(call)),
    );
    for (const call of lost) {
      call.is_open = false;
      const text = `${call.from.name} gets no answer from ${call.to.node_id}: ${describeMessage(call.message)}`;
      this.#trace.cause(text, { always: false });
      this.#feed(call.from, { kind: 'send_failed', to: call.to, message: call.message });
    }
    if (lost.length > 0) this.failLost();
  }

  #put(parcel: Parcel): void {
    const is_lost = this.wire.isCut(parcel);
    if (!is_lost) this.wire.add(parcel);
    const lost = is_lost ? ' (lost)' : '';
    this.#trace.effect(`-> ${parcel.to}: ${describeParcel(parcel)}${lost}`);
  }

  #afterPersist(
    { replica }: ScenarioNode,
    to: string,
    message: Request | Response,
    run: () => void,
  ): void {
    if (replica.writes.length === 0) return run();
    const write_id = replica.last_write_id;
    replica.after_persist.push({ write_id, run });
    return this.#trace.effect(`waits for write ${write_id} -> ${to}: ${describeMessage(message)}`);
  }

  #deliverRequest(parcel: Parcel, message: Request): void {
    const { call, to, from } = parcel;
    const target = this.#nodes.find(({ replica }) => replica.key === memberKey(call.to));
    if (target === undefined) {
      // As the receiver of the transport refuses what is meant for another storage.
      this.#trace.note(`${to} is not whom ${from} asks: ${describeMessage(message)}`);
      return;
    }
    if (target.replica.core === null) {
      this.#trace.note(`${to} does not hear ${from}: ${describeMessage(message)}`);
      return;
    }
    target.replica.next_token += 1;
    const token = target.replica.next_token;
    target.held.set(token, call);
    this.#trace.cause(`${to} hears ${from}: ${describeMessage(message)}`, { always: true });
    const asker = call.from.replica.member;
    this.#feed(target, { kind: 'request', from: asker, token, message });
  }

  /** Also the second answer to a question: a core must not care. */
  #deliverResponse({ call, from, to }: Parcel, message: Response): void {
    const asker = call.from;
    if (asker.replica.core === null || asker.replica.boot !== call.boot) {
      this.#trace.note(`${to} does not hear ${from}: ${describeMessage(message)}`);
      return;
    }
    call.is_open = false;
    this.#trace.cause(`${to} hears ${from}: ${describeMessage(message)}`, { always: true });
    this.#feed(asker, { kind: 'response', from: call.to, message });
  }
}
