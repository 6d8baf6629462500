import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { limits } from '../../limits.ts';
import { ENVELOPE_HEADER, SIGNATURE_HEADER } from './envelope.ts';
import type { Lane, Question, RawAnswer, TlsTrust } from './lane.ts';
import { parsePeerAddress } from './peer-address.ts';
import { RpcError } from './rpc-error.ts';
import type { RpcErrorCode } from './rpc-error.ts';

type RequestFunction = (
  options: RequestOptions,
  callback: (response: IncomingMessage) => void,
) => ClientRequest;

/** Carries calls, by `node:http`. */
export class HttpLane implements Lane {
  readonly #request: RequestFunction;
  readonly #agent: Agent;
  /** Those that still wait for a connection are not known to the agent. */
  readonly #under_way = new Set<ClientRequest>();

  constructor(tls: TlsTrust | undefined, connections_max: number) {
    const options = { keepAlive: true, noDelay: true, maxSockets: connections_max };
    this.#request = tls === undefined ? httpRequest : httpsRequest;
    this.#agent =
      tls === undefined ? new HttpAgent(options) : new HttpsAgent({ ...options, ca: tls.ca });
  }

  exchange(question: Question): Promise<RawAnswer> {
    const place = parsePeerAddress(question.address);
    if (place === null) {
      return Promise.reject(new RpcError('no_address', `not an address: ${question.address}`));
    }
    const { method, target } = question;
    const headers = headersOf(question);
    const options = { ...place, method, path: target, headers, agent: this.#agent };
    const under_way = this.#under_way;
    return new Promise((resolve, reject) => {
      let settled = false;
      function settle(outcome: RawAnswer | RpcError): void {
        if (settled) return;
        settled = true;
        clearTimeout(timer);
        under_way.delete(request);
        if (outcome instanceof RpcError) {
          request.destroy();
          reject(outcome);
        } else {
          resolve(outcome);
        }
      }
      const request = this.#request(options, (response) => {
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
      under_way.add(request);
      request.end(question.body);
    });
  }

  close(): void {
    for (const request of this.#under_way) request.destroy();
    this.#agent.destroy();
  }
}

/** As a list, headers are written at once, without being kept and looked up one by one. */
function headersOf(question: Question): readonly string[] {
  const headers = [
    'host',
    question.address,
    'content-length',
    String(question.body.length),
    ENVELOPE_HEADER,
    question.envelope_text,
    SIGNATURE_HEADER,
    question.signature,
  ];
  if (question.content_type !== '') headers.push('content-type', question.content_type);
  return headers;
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
