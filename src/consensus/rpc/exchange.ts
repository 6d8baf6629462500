import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { limits } from '../../limits.ts';
import { ENVELOPE_HEADER, SIGNATURE_HEADER } from './envelope.ts';
import { RpcError } from './rpc-error.ts';
import type { RpcErrorCode } from './rpc-error.ts';

/** `node:http`'s `request`, or that of `node:https`. */
export type RequestFunction = (
  options: RequestOptions,
  callback: (response: IncomingMessage) => void,
) => ClientRequest;

export interface Question {
  /** `host:port`; an IPv6 address in brackets. */
  readonly address: string;
  readonly method: string;
  readonly target: string;
  readonly content_type: string;
  readonly envelope_text: string;
  readonly signature: string;
  readonly body: Uint8Array;
  readonly agent: Agent;
  readonly timeout_ms: number;
  /** Holds the request until it is settled, for who must end them all. */
  readonly under_way: Set<ClientRequest>;
}

/** An answer as it came: nothing of it is verified. */
export interface RawAnswer {
  readonly status: number;
  readonly content_type: string;
  readonly envelope_text: string;
  readonly signature: string;
  readonly body: Buffer;
}

/**
 * One request and its answer.
 *
 * @throws {RpcError} `no_address`, `no_connection`, `unreachable`, `stale_connection`, `timeout` or `bad_answer`
 */
export function exchange(requestFunction: RequestFunction, question: Question): Promise<RawAnswer> {
  const { method, target, body } = question;
  const place = splitAddress(question.address);
  if (place === null) {
    return Promise.reject(new RpcError('no_address', `not an address: ${question.address}`));
  }
  // As a list, headers are written at once, without being kept and looked up one by one.
  const headers = [
    'host',
    question.address,
    'content-length',
    String(body.length),
    ENVELOPE_HEADER,
    question.envelope_text,
    SIGNATURE_HEADER,
    question.signature,
  ];
  if (question.content_type !== '') headers.push('content-type', question.content_type);
  return new Promise((resolve, reject) => {
    let settled = false;
    function settle(outcome: RawAnswer | RpcError): void {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      question.under_way.delete(request);
      if (outcome instanceof RpcError) {
        request.destroy();
        reject(outcome);
      } else {
        resolve(outcome);
      }
    }
    const { agent } = question;
    const options = { ...place, method, path: target, headers, agent };
    const request = requestFunction(options, (response) => {
      collect(response, settle);
    });
    request.on('error', (error) => {
      settle(new RpcError(codeOf(request, error), `${question.address}: ${error.message}`));
    });
    const timer = setTimeout(() => {
      const is_connected = request.socket !== null && !request.socket.connecting;
      const code = is_connected ? 'timeout' : 'no_connection';
      const message = `${question.address}: no answer within ${question.timeout_ms} ms`;
      settle(new RpcError(code, message));
    }, question.timeout_ms);
    question.under_way.add(request);
    request.end(body);
  });
}

function codeOf(request: ClientRequest, error: NodeJS.ErrnoException): RpcErrorCode {
  if (isStale(request, error)) return 'stale_connection';
  const is_before_connected =
    error.syscall === 'connect' ||
    error.syscall === 'getaddrinfo' ||
    // Of all addresses of a name.
    error.code === 'ECONNREFUSED';
  return is_before_connected ? 'no_connection' : 'unreachable';
}

/** The peer closed a kept connection, as it may at any time, just when it was used again. */
function isStale(request: ClientRequest, error: NodeJS.ErrnoException): boolean {
  return request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
}

function collect(response: IncomingMessage, settle: (outcome: RawAnswer | RpcError) => void): void {
  const chunks: Buffer[] = [];
  let received_bytes = 0;
  response.on('data', (chunk: Buffer) => {
    received_bytes += chunk.length;
    if (received_bytes > limits.rpc_body_bytes_max) {
      settle(new RpcError('bad_answer', 'the answer is too large'));
      return;
    }
    chunks.push(chunk);
  });
  response.on('end', () => {
    const { headers } = response;
    settle({
      status: response.statusCode ?? 0,
      content_type: headers['content-type'] ?? '',
      envelope_text: textOf(headers[ENVELOPE_HEADER]),
      signature: textOf(headers[SIGNATURE_HEADER]),
      body: Buffer.concat(chunks),
    });
  });
  response.on('error', (error) => {
    settle(new RpcError('unreachable', `the answer broke off: ${error.message}`));
  });
}

function textOf(value: string | readonly string[] | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** Null: not an address. */
function splitAddress(address: string): { readonly host: string; readonly port: number } | null {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]/@\s]+)):([0-9]{1,5})$/.exec(address);
  if (match === null) return null;
  const [, bracketed, plain = '', port_text] = match;
  const port = Number(port_text);
  if (port < 1 || port > 65_535) return null;
  return { host: bracketed ?? plain, port };
}
