import { createSecureContext } from 'node:tls';
import type { SecureContext } from 'node:tls';
import { limits } from '../../limits.ts';
import type { Lane, Question, RawAnswer, TlsTrust } from './lane.ts';
import { parsePeerAddress } from './peer-address.ts';
import type { PeerAddress } from './peer-address.ts';
import { PeerConnection } from './peer-connection.ts';
import type { Asked } from './peer-connection.ts';
import { RpcError } from './rpc-error.ts';

/** One address with what is asked there; forgotten with its last connection. */
interface Place {
  readonly address: PeerAddress;
  readonly open: Set<PeerConnection>;
  /** Those of `open` that are asked nothing, the one used last at the end. */
  readonly free: PeerConnection[];
  /** Empty unless `open` is full and `free` is empty. */
  readonly waiting: Set<Message>;
}

interface Message extends Asked {
  /** Null while it waits. */
  connection: PeerConnection | null;
}

/**
 * Carries Raft messages: over `limits.rpc_connections_per_lane_max` connections to each address, one message
 * at a time on each. One that finds none free waits, within its own time; one that finds
 * `limits.rpc_waiting_per_lane_max` waiting is not sent.
 */
export class MessageLane implements Lane {
  readonly #trust: SecureContext | null;
  readonly #places = new Map<string, Place>();

  constructor(tls: TlsTrust | undefined) {
    this.#trust = tls === undefined ? null : createSecureContext({ ca: tls.ca });
  }

  exchange(question: Question): Promise<RawAnswer> {
    return new Promise((resolve, reject) => {
      const place = this.#placeOf(question.address);
      if (place instanceof RpcError) {
        reject(place);
        return;
      }
      // It also keeps the process alive, which connections do not.
      const timer = setTimeout(() => {
        giveUp(place, message);
      }, question.timeout_ms);
      const message: Message = {
        question,
        connection: null,
        settle(outcome) {
          clearTimeout(timer);
          if (outcome instanceof RpcError) reject(outcome);
          else resolve(outcome);
        },
      };
      this.#carry(place, message);
    });
  }

  close(): void {
    for (const place of this.#places.values()) {
      for (const message of place.waiting) {
        message.settle(new RpcError('unreachable', 'closed here before it was sent'));
      }
      place.waiting.clear();
      for (const connection of place.open) connection.close();
    }
  }

  #placeOf(address_text: string): Place | RpcError {
    const known = this.#places.get(address_text);
    if (known !== undefined) return known;
    const address = parsePeerAddress(address_text);
    if (address === null) return new RpcError('no_address', `not an address: ${address_text}`);
    if (this.#places.size >= limits.address_book_max && !this.#leaveOne()) {
      return new RpcError('no_connection', `${address_text}: too many addresses are asked`);
    }
    const place: Place = { address, open: new Set(), free: [], waiting: new Set() };
    this.#places.set(address_text, place);
    return place;
  }

  /** Ends the connections to an address where nothing is asked; false: there is none. */
  #leaveOne(): boolean {
    for (const place of this.#places.values()) {
      if (place.free.length < place.open.size) continue;
      for (const connection of place.open) connection.close();
      return true;
    }
    return false;
  }

  #carry(place: Place, message: Message): void {
    const free = place.free.pop();
    if (free !== undefined) {
      ask(free, message);
    } else if (place.open.size < limits.rpc_connections_per_lane_max) {
      ask(this.#open(place, message.question.address), message);
    } else if (place.waiting.size < limits.rpc_waiting_per_lane_max) {
      place.waiting.add(message);
    } else {
      const what = `${message.question.address}: too many messages wait for a connection`;
      message.settle(new RpcError('no_connection', what));
    }
  }

  #open(place: Place, address_text: string): PeerConnection {
    const connection = new PeerConnection({
      address: place.address,
      trust: this.#trust,
      onFree: (freed) => {
        const next = takeFirst(place.waiting);
        if (next === null) place.free.push(freed);
        else ask(freed, next);
      },
      onEnded: (ended) => {
        place.open.delete(ended);
        const at = place.free.indexOf(ended);
        if (at !== -1) place.free.splice(at, 1);
        const next = takeFirst(place.waiting);
        if (next !== null) this.#carry(place, next);
        else if (place.open.size === 0) this.#places.delete(address_text);
      },
    });
    place.open.add(connection);
    return connection;
  }
}

function ask(connection: PeerConnection, message: Message): void {
  message.connection = connection;
  connection.ask(message);
}

function giveUp(place: Place, message: Message): void {
  if (message.connection !== null) {
    message.connection.giveUp();
    return;
  }
  place.waiting.delete(message);
  const { address, timeout_ms } = message.question;
  const what = `${address}: no free connection within ${timeout_ms} ms`;
  message.settle(new RpcError('no_connection', what));
}

function takeFirst(waiting: Set<Message>): Message | null {
  for (const first of waiting) {
    waiting.delete(first);
    return first;
  }
  return null;
}
