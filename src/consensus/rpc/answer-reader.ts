import { limits } from '../../limits.ts';
import { parseAnswerHead } from './answer-head.ts';
import type { AnswerHead } from './answer-head.ts';
import type { RawAnswer } from './lane.ts';

/** `more`: not complete yet. `malformed`: not an answer of ours, and nothing after it can be read. */
export type Reading =
  | { readonly kind: 'more' }
  | { readonly kind: 'complete'; readonly answer: RawAnswer; readonly is_last: boolean }
  | { readonly kind: 'malformed'; readonly reason: string };

const MORE: Reading = { kind: 'more' };
const START = 'HTTP/1.1 ';
const HEAD_END = '\r\n\r\n';

/** Puts one answer after the other together, in whatever pieces they come. */
export class AnswerReader {
  /** Of the head, while it is not complete. */
  #head_text = '';
  #head: AnswerHead | null = null;
  /** Of the body, while it is not complete. */
  #pieces: Buffer[] = [];
  #received_bytes = 0;

  /** Whether a byte of the answer has come that is not complete. */
  get has_begun(): boolean {
    return this.#head !== null || this.#head_text !== '';
  }

  /** Takes what came; the bytes may be overwritten afterwards. */
  read(bytes: Buffer): Reading {
    if (this.#head !== null) return this.#readBody(this.#head, bytes);
    const known = this.#head_text.length;
    const text = this.#head_text + bytes.toString('latin1');
    if (!text.startsWith(START) && !START.startsWith(text)) return malformed('not HTTP/1.1');
    const end = text.indexOf(HEAD_END, Math.max(0, known - HEAD_END.length));
    const head_bytes = end === -1 ? text.length : end + HEAD_END.length;
    if (head_bytes > limits.rpc_answer_head_bytes_max) return malformed('the head is too large');
    this.#head_text = text;
    if (end === -1) return MORE;
    const head = parseAnswerHead(text.slice(0, end));
    if (typeof head === 'string') return malformed(head);
    this.#head = head;
    return this.#readBody(head, bytes.subarray(head_bytes - known));
  }

  #readBody(head: AnswerHead, bytes: Buffer): Reading {
    this.#received_bytes += bytes.length;
    if (this.#received_bytes > head.content_length) return malformed('more than one answer');
    // A copy: the next bytes come to the same place.
    if (bytes.length > 0) this.#pieces.push(Buffer.from(bytes));
    if (this.#received_bytes < head.content_length) return MORE;
    const [only] = this.#pieces;
    const body =
      this.#pieces.length === 1 && only !== undefined ? only : Buffer.concat(this.#pieces);
    const { status, content_type, envelope_text, signature, is_last } = head;
    this.#head_text = '';
    this.#head = null;
    this.#pieces = [];
    this.#received_bytes = 0;
    const answer = { status, content_type, envelope_text, signature, body };
    return { kind: 'complete', answer, is_last };
  }
}

function malformed(reason: string): Reading {
  return { kind: 'malformed', reason };
}
