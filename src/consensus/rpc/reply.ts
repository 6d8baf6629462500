import type { IncomingMessage, ServerResponse } from 'node:http';
import { limits } from '../../limits.ts';
import type { Signed } from './authenticate.ts';
import { ENVELOPE_HEADER, SIGNATURE_HEADER, formatAnswerEnvelope } from './envelope.ts';
import type { Envelope } from './envelope.ts';
import { PROBLEM_CONTENT_TYPE, problemOf } from './problem.ts';
import type { ProblemCode } from './problem.ts';
import type { ReceiverOptions } from './receiver-options.ts';
import { REFUSAL_DETAIL } from './refusal.ts';
import type { RefusalReason } from './refusal.ts';
import { sha256Hex, signAnswer } from './signature.ts';

/** One request on its way through the receiver. */
export interface Exchange {
  readonly options: ReceiverOptions;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly method: string;
  readonly path: string;
}

export interface Reply {
  readonly status: number;
  readonly content_type: string;
  readonly body: Uint8Array;
}

const NO_HEADERS: readonly string[] = [];

/** Answers; signed when the request was. */
export function reply(
  exchange: Exchange,
  signed: Signed | null,
  { status, content_type, body }: Reply,
  extra_headers: readonly string[] = NO_HEADERS,
): void {
  const { identity, nowMs } = exchange.options;
  const headers = ['content-type', content_type, 'content-length', String(body.length)];
  if (signed !== null) {
    const envelope_text = formatAnswerEnvelope({
      responder: identity,
      responder_boot_id: identity.boot_id,
      timestamp_ms: nowMs(),
      body_sha256: sha256Hex(body),
    });
    const request_signature = signed.signature;
    const parts = { request_signature, status, content_type, envelope_text };
    headers.push(ENVELOPE_HEADER, envelope_text);
    headers.push(SIGNATURE_HEADER, signAnswer(signed.key.key, parts));
  }
  headers.push(...extra_headers);
  exchange.response.writeHead(status, headers);
  exchange.response.end(body);
}

/** Refuses with 401 and tells whoever counts. */
export function replyRefused(
  exchange: Exchange,
  signed: Signed | null,
  reason: RefusalReason,
  claimed: Envelope | null,
): void {
  const { options, request, method, path } = exchange;
  options.onRefused(reason, {
    method,
    path,
    remote_address: request.socket.remoteAddress ?? '',
    claimed_source: claimed?.source ?? null,
  });
  replyProblem(exchange, signed, 'unauthenticated', REFUSAL_DETAIL[reason]);
}

/**
 * Answers a problem, perhaps before the body came. Node skips the rest of an unread body once the
 * answer is out, so that the answer is not lost in a reset; here that rest is bounded in bytes and in
 * time, or the connection ends.
 */
export function replyProblem(
  exchange: Exchange,
  signed: Signed | null,
  code: ProblemCode,
  detail: string,
): void {
  const { request } = exchange;
  const problem = problemOf(code, detail, request.headers['x-request-id']);
  const extra_headers = ['cache-control', 'no-store', 'x-request-id', problem.request_id];
  // RFC 9110, §15.5.2: a 401 names the scheme that would be accepted.
  if (problem.status === 401) extra_headers.push('www-authenticate', 'Agenda-Cluster-Signature');
  const length = declaredLength(request);
  if (length === null || length > limits.rpc_body_bytes_max) {
    extra_headers.push('connection', 'close');
  }
  if (!request.complete) endWhenSlow(request);
  const body = Buffer.from(JSON.stringify(problem));
  const { status } = problem;
  reply(exchange, signed, { status, content_type: PROBLEM_CONTENT_TYPE, body }, extra_headers);
}

/** Bytes of the body to come; null: chunked, so unknown. */
export function declaredLength(request: IncomingMessage): number | null {
  const { headers } = request;
  if (headers['transfer-encoding'] !== undefined) return null;
  return Number(headers['content-length'] ?? '0');
}

function endWhenSlow(request: IncomingMessage): void {
  const timer = setTimeout(() => {
    request.destroy();
  }, limits.rpc_durable_timeout_ms);
  request.once('close', () => {
    clearTimeout(timer);
  });
}
