import type { IncomingMessage, ServerResponse } from 'node:http';
import { assert, must } from '../../base/assert.ts';
import { CodecError } from '../../base/codec.ts';
import { createForwardClock } from '../../base/forward-clock.ts';
import { limits } from '../../limits.ts';
import type { Request } from '../raft/message.ts';
import { authenticate } from './authenticate.ts';
import type { Signed } from './authenticate.ts';
import { ENVELOPE_HEADER, SIGNATURE_HEADER, isEnvelopeIdentifier } from './envelope.ts';
import type { Keyring } from './keyring.ts';
import { decodeRequest, encodeResponse } from './message-codec.ts';
import { PROBLEM_CONTENT_TYPE } from './problem.ts';
import { RAFT_PATHS } from './raft-path.ts';
import { receiveBody } from './receive-body.ts';
import type { ReceiverOptions } from './receiver-options.ts';
import { ReplayGuard } from './replay-guard.ts';
import { declaredLength, reply, replyProblem, replyRefused } from './reply.ts';
import type { Exchange } from './reply.ts';
import { BINARY_CONTENT_TYPE, JSON_CONTENT_TYPE } from './route.ts';
import type { BinaryRoute, JsonRoute, Route } from './route.ts';
import { sha256Hex } from './signature.ts';

export interface Receiver {
  /** False: not for us, and untouched. True: answered, or will be. */
  handle(request: IncomingMessage, response: ServerResponse): boolean;
}

/** What is served at a method and path: a registered route, or null for Raft messages. */
interface Served {
  readonly route: Route | null;
}

const NO_KEYS: Pick<Keyring, 'find'> = { find: () => null };

/** Takes what replicas say to this one and verifies it before it is believed. Stands before Express. */
export function createReceiver(given: ReceiverOptions): Receiver {
  // A time that came twice would let what was signed then pass for recent again: no sender of then could
  // be forgotten meanwhile. Its answers tell the time by which they are judged.
  const nowMs = createForwardClock(given.nowMs, given.monotonicMs);
  const options: ReceiverOptions = { ...given, nowMs };
  const { identity } = options;
  assert(isEnvelopeIdentifier(identity.node_id), `a node id not fit to send: ${identity.node_id}`);
  assert(isEnvelopeIdentifier(identity.storage_id), 'a storage id not fit to send');
  assert(isEnvelopeIdentifier(identity.boot_id), 'a boot id not fit to send');
  assert(
    options.operator_keyring !== undefined ||
      options.routes.every((route) => route.caller !== 'operator'),
    'routes for operators, and no key of theirs',
  );
  const served = servedPaths(options.routes);
  // Each with a memory of its own: many operators' calls must not crowd out a replica.
  const callers = {
    replica: { keyring: options.keyring, replay_guard: new ReplayGuard() },
    operator: {
      keyring: options.operator_keyring ?? NO_KEYS,
      replay_guard: new ReplayGuard(),
    },
  };

  return {
    handle(request, response) {
      const target = must(request.url, 'a request without a target');
      const method = must(request.method, 'a request without a method');
      const query_at = target.indexOf('?');
      const path = query_at === -1 ? target : target.slice(0, query_at);
      const found = served.get(`${method} ${path}`);
      if (found === undefined) return false;
      const exchange: Exchange = { options, request, response, method, path };
      const { headers } = request;
      const head = {
        method,
        target,
        content_type: headers['content-type'] ?? '',
        envelope_text: textOf(headers[ENVELOPE_HEADER]),
        signature: textOf(headers[SIGNATURE_HEADER]),
      };
      const accepts_strangers = found.route?.accepts_strangers ?? false;
      const caller = callers[found.route?.caller ?? 'replica'];
      const context = { identity, ...caller, now_ms: nowMs(), accepts_strangers };
      const verdict = authenticate(head, context);
      if (verdict.kind === 'refused') {
        replyRefused(exchange, verdict.signed, verdict.reason, verdict.claimed);
      } else {
        receive(exchange, verdict.signed, found.route);
      }
      return true;
    },
  };
}

function servedPaths(routes: readonly Route[]): ReadonlyMap<string, Served> {
  const served = new Map<string, Served>();
  for (const path of Object.values(RAFT_PATHS)) served.set(`POST ${path}`, { route: null });
  for (const route of routes) {
    const place = `${route.method} ${route.path}`;
    assert(!served.has(place), `two routes for ${place}`);
    served.set(place, { route });
  }
  return served;
}

/** Node joins a repeated header by a comma and a space, which no envelope or signature has. */
function textOf(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function receive(exchange: Exchange, signed: Signed, route: Route | null): void {
  const length = declaredLength(exchange.request);
  if (length === null) {
    replyProblem(exchange, signed, 'invalid_request', 'Content-Length is required.');
    return;
  }
  receiveBody(exchange.request, length, (body) => {
    if (body === 'too_slow' || body === 'gone') return;
    if (body === 'too_large') {
      const detail = `A body may have ${limits.rpc_body_bytes_max} bytes.`;
      replyProblem(exchange, signed, 'too_large', detail);
      return;
    }
    if (sha256Hex(body) !== signed.envelope.body_sha256) {
      replyRefused(exchange, signed, 'body_hash', signed.envelope);
    } else if (route === null) {
      receiveMessage(exchange, signed, body);
    } else if (route.format === 'json') {
      receiveJson(exchange, signed, body, route);
    } else {
      receiveBytes(exchange, signed, body, route);
    }
  });
}

function receiveMessage(exchange: Exchange, signed: Signed, body: Buffer): void {
  const { options, path } = exchange;
  const { envelope } = signed;
  const message = messageOf(body);
  if (message === null || RAFT_PATHS[message.kind] !== path || envelope.group_id === '') {
    replyProblem(exchange, signed, 'invalid_request', 'Not a message for this path.');
    return;
  }
  if (!options.acceptsFrom(envelope.source, message)) {
    replyRefused(exchange, signed, 'wrong_cluster', envelope);
    return;
  }
  options.deliver(envelope.source, envelope.group_id, message).then(
    (response) => {
      replyBytes(exchange, signed, 200, encodeResponse(response));
    },
    (error: unknown) => {
      options.onFailure(error);
      replyProblem(exchange, signed, 'draining', 'The group takes no messages now.');
    },
  );
}

/** Null: garbage, or of another version of the program. */
function messageOf(body: Buffer): Request | null {
  try {
    return decodeRequest(body);
  } catch (error) {
    if (error instanceof CodecError) return null;
    throw error;
  }
}

function receiveJson(exchange: Exchange, signed: Signed, bytes: Buffer, route: JsonRoute): void {
  let body: unknown;
  try {
    body = bytes.length === 0 ? undefined : JSON.parse(bytes.toString('utf8'));
  } catch {
    replyProblem(exchange, signed, 'invalid_request', 'The body is not JSON.');
    return;
  }
  route.handle({ envelope: signed.envelope, body }).then(
    (answer) => {
      const { status } = answer;
      const content_type = status >= 400 ? PROBLEM_CONTENT_TYPE : JSON_CONTENT_TYPE;
      const text = Buffer.from(JSON.stringify(answer.body ?? null));
      reply(exchange, signed, { status, content_type, body: text });
    },
    (error: unknown) => {
      replyFailed(exchange, signed, error);
    },
  );
}

function receiveBytes(exchange: Exchange, signed: Signed, body: Buffer, route: BinaryRoute): void {
  route.handle({ envelope: signed.envelope, body }).then(
    (answer) => {
      replyBytes(exchange, signed, answer.status, answer.body);
    },
    (error: unknown) => {
      replyFailed(exchange, signed, error);
    },
  );
}

function replyBytes(exchange: Exchange, signed: Signed, status: number, body: Uint8Array): void {
  reply(exchange, signed, { status, content_type: BINARY_CONTENT_TYPE, body });
}

function replyFailed(exchange: Exchange, signed: Signed, error: unknown): void {
  exchange.options.onFailure(error);
  replyProblem(exchange, signed, 'internal_error', 'The call failed.');
}
