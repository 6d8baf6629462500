import { createHmac, hash, timingSafeEqual } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { assert } from '../../base/assert.ts';

/** What a request's MAC covers; the envelope claims the hash of the body, and so covers it. */
export interface SignedRequest {
  readonly method: string;
  /** Path and query, as on the request line. */
  readonly target: string;
  /** Empty when there is none. */
  readonly content_type: string;
  /** The header as it goes over the wire. */
  readonly envelope_text: string;
}

/** What an answer's MAC covers. */
export interface SignedAnswer {
  /**
   * The MAC of the request. It binds the answer to that one request: its nonce, its sender's boot and
   * all else that the request's MAC covers.
   */
  readonly request_signature: string;
  readonly status: number;
  readonly content_type: string;
  readonly envelope_text: string;
}

/** First lines of what is signed: neither can be taken for the other. */
const REQUEST_LABEL = 'agenda rpc v1 request';
const ANSWER_LABEL = 'agenda rpc v1 answer';

const SIGNATURE_PATTERN = /^[0-9a-f]{64}$/;
/** Printable ASCII. Without line breaks in a field, fields joined by line breaks are unambiguous. */
const FIELD_PATTERN = /^[ -~]*$/;

/** SHA-256, hexadecimal. */
export function sha256Hex(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex');
}

/** HMAC-SHA256 over the request, hexadecimal. */
export function signRequest(key: KeyObject, request: SignedRequest): string {
  return sign(key, requestFields(request));
}

/** Whether `signature` is the MAC of the request; takes the same time whatever differs. */
export function verifyRequest(key: KeyObject, request: SignedRequest, signature: string): boolean {
  return verify(key, requestFields(request), signature);
}

/** HMAC-SHA256 over the answer, hexadecimal. */
export function signAnswer(key: KeyObject, answer: SignedAnswer): string {
  return sign(key, answerFields(answer));
}

/** Whether `signature` is the MAC of the answer; takes the same time whatever differs. */
export function verifyAnswer(key: KeyObject, answer: SignedAnswer, signature: string): boolean {
  return verify(key, answerFields(answer), signature);
}

function requestFields(request: SignedRequest): readonly string[] {
  return [
    REQUEST_LABEL,
    request.method,
    request.target,
    request.content_type,
    request.envelope_text,
  ];
}

function answerFields(answer: SignedAnswer): readonly string[] {
  const status = String(answer.status);
  return [
    ANSWER_LABEL,
    answer.request_signature,
    status,
    answer.content_type,
    answer.envelope_text,
  ];
}

function sign(key: KeyObject, fields: readonly string[]): string {
  assert(
    fields.every((field) => FIELD_PATTERN.test(field)),
    'a signed field is not printable ASCII',
  );
  return createHmac('sha256', key).update(fields.join('\n')).digest('hex');
}

function verify(key: KeyObject, fields: readonly string[], signature: string): boolean {
  if (!SIGNATURE_PATTERN.test(signature)) return false;
  if (!fields.every((field) => FIELD_PATTERN.test(field))) return false;
  const expected = createHmac('sha256', key).update(fields.join('\n')).digest();
  return timingSafeEqual(expected, Buffer.from(signature, 'hex'));
}
