import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { assert, unreachable } from '../../base/assert.ts';
import { AnswerReader } from './answer-reader.ts';
import type { Question, RawAnswer } from './lane.ts';
import { openSocket } from './open-socket.ts';
import type { PeerAddress } from './peer-address.ts';
import { RpcError } from './rpc-error.ts';
import type { RpcErrorCode } from './rpc-error.ts';
import { writeQuestion } from './write-question.ts';

/** A question that waits for its answer. */
export interface Asked {
  readonly question: Question;
  /** Once. */
  settle(outcome: RawAnswer | RpcError): void;
}

export interface PeerConnectionOptions {
  readonly address: PeerAddress;
  readonly trust: SecureContext | null;
  /** It can be asked the next question. */
  readonly onFree: (connection: PeerConnection) => void;
  /** Told once, when it can be asked nothing any more. */
  readonly onEnded: (connection: PeerConnection) => void;
}

/**
 * A kept connection over which one question at a time is asked. What breaks it settles the question that is
 * under way, and it is not used again.
 */
export class PeerConnection {
  readonly #options: PeerConnectionOptions;
  readonly #socket: Socket;
  readonly #reader = new AnswerReader();
  #asked: Asked | null = null;
  #is_connected = false;
  /** Connected, and with TLS: the other side has proven who it is. */
  #is_ready = false;
  #has_answered = false;
  #has_ended = false;

  constructor(options: PeerConnectionOptions) {
    this.#options = options;
    const { address, trust } = options;
    this.#socket = openSocket({ address, trust, onBytes: (bytes) => this.#heard(bytes) });
    this.#socket.once('connect', () => {
      this.#is_connected = true;
    });
    this.#socket.once(trust === null ? 'connect' : 'secureConnect', () => {
      this.#is_ready = true;
      if (this.#asked !== null) writeQuestion(this.#socket, this.#asked.question);
    });
    this.#socket.on('error', (error) => this.#broken(error));
    this.#socket.once('end', () => this.#broken(null));
    this.#socket.once('close', () => this.#broken(null));
  }

  /** Only while nothing else is asked. */
  ask(asked: Asked): void {
    assert(this.#asked === null, 'a connection is asked two questions at once');
    assert(!this.#has_ended, 'a connection is asked after its end');
    this.#asked = asked;
    if (this.#is_ready) writeQuestion(this.#socket, asked.question);
  }

  /** The question has waited long enough. Its answer could come later, and be taken for the next one's. */
  giveUp(): void {
    const waited_ms = this.#asked?.question.timeout_ms ?? 0;
    const code = this.#is_connected ? 'timeout' : 'no_connection';
    this.#end(code, `no answer within ${waited_ms} ms`);
  }

  /** What is under way is `unreachable`. */
  close(): void {
    this.#end('unreachable', 'the connection was closed here');
  }

  #heard(bytes: Buffer): void {
    if (this.#has_ended) return;
    const asked = this.#asked;
    if (asked === null) {
      this.#end('bad_answer', 'an answer to nothing');
      return;
    }
    const reading = this.#reader.read(bytes);
    switch (reading.kind) {
      case 'more':
        return;
      case 'malformed':
        this.#end('bad_answer', `not an answer: ${reading.reason}`);
        return;
      case 'complete':
        this.#asked = null;
        this.#has_answered = true;
        asked.settle(reading.answer);
        // Answered before all of the question was sent: the rest would be in the way of the next.
        if (reading.is_last || this.#socket.writableLength > 0) this.close();
        else this.#options.onFree(this);
        return;
      default:
        unreachable(reading);
    }
  }

  /** Null: the other side ended it. */
  #broken(error: NodeJS.ErrnoException | null): void {
    const what = error === null ? 'the connection was closed' : error.message;
    this.#end(this.#codeOf(error), what);
  }

  #codeOf(error: NodeJS.ErrnoException | null): RpcErrorCode {
    if (!this.#is_connected) return 'no_connection';
    const is_closed = error === null || error.code === 'ECONNRESET' || error.code === 'EPIPE';
    // The other side may close a kept connection at any time, also just when it is used again.
    const is_stale = is_closed && this.#has_answered && !this.#reader.has_begun;
    return is_stale ? 'stale_connection' : 'unreachable';
  }

  #end(code: RpcErrorCode, what: string): void {
    if (this.#has_ended) return;
    this.#has_ended = true;
    this.#socket.destroy();
    const asked = this.#asked;
    this.#asked = null;
    asked?.settle(new RpcError(code, `${asked.question.address}: ${what}`));
    this.#options.onEnded(this);
  }
}
