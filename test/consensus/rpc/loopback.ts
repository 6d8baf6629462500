import { createServer, request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, RequestListener, Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Member } from '../../../src/consensus/raft/configuration.ts';
import type { Request, Response } from '../../../src/consensus/raft/message.ts';
import { formatEnvelope } from '../../../src/consensus/rpc/envelope.ts';
import type { Envelope } from '../../../src/consensus/rpc/envelope.ts';
import type { Identity } from '../../../src/consensus/rpc/identity.ts';
import { createKeyring } from '../../../src/consensus/rpc/keyring.ts';
import type { Keyring } from '../../../src/consensus/rpc/keyring.ts';
import { createReceiver } from '../../../src/consensus/rpc/receiver.ts';
import type { ReceiverOptions } from '../../../src/consensus/rpc/receiver-options.ts';
import type { RefusalReason } from '../../../src/consensus/rpc/refusal.ts';
import { sha256Hex, signRequest } from '../../../src/consensus/rpc/signature.ts';
import { must, unreachable } from '../../../src/base/assert.ts';
import { LOOPBACK_CERTIFICATE, LOOPBACK_PRIVATE_KEY } from './loopback-certificate.ts';

export const SECRET = 'a secret of the cluster, long enough';
export const KEYRING = createKeyring([SECRET]);
const CLUSTER_ID = 'cluster-1';
export const ASKER: Member = { node_id: 'agenda-1', storage_id: 'storage-1' };
export const ANSWERER: Member = { node_id: 'agenda-2', storage_id: 'storage-2' };

export function identityOf(
  member: Member,
  boot_id: string,
  cluster_id: string | null = CLUSTER_ID,
): Identity {
  return { ...member, boot_id, clusterId: () => cluster_id };
}

/** A plausible answer to any message. */
export function answerTo(message: Request): Response {
  const { term } = message;
  switch (message.kind) {
    case 'vote': {
      const { pre_vote } = message;
      return { kind: 'vote_response', pre_vote, asked_term: term, term, granted: true };
    }
    case 'append': {
      const { append_id } = message;
      const fields = { term, append_id, success: true, match_index: 1, conflict: null };
      return { kind: 'append_response', ...fields };
    }
    case 'heartbeat': {
      const { round } = message;
      const fields = {
        term,
        round,
        success: true,
        echo_ms: 1.5,
        applied_index: 1,
        last_index: 1,
        needs_snapshot_from: 0,
        priority: 3,
      };
      return { kind: 'heartbeat_response', ...fields };
    }
    case 'read_index':
      return { kind: 'read_index_response', term, read_id: message.read_id, read_index: 1 };
    case 'timeout_now':
      return { kind: 'timeout_now_response', term: term + 1, accepted: true };
    case 'install_snapshot': {
      const { snapshot_id } = message.manifest;
      const fields = { term, snapshot_id, progress: 'receiving', offset: 0 } as const;
      return { kind: 'install_snapshot_response', ...fields };
    }
    default:
      return unreachable(message);
  }
}

interface Delivered {
  readonly from: Member;
  readonly group_id: string;
  readonly message: Request;
}

export interface Loopback {
  readonly address: string;
  readonly server: Server;
  readonly delivered: readonly Delivered[];
  readonly refusals: readonly RefusalReason[];
  readonly failures: readonly unknown[];
  /** Connections opened so far. */
  connections(): number;
  close(): Promise<void>;
}

interface LoopbackOptions extends Partial<ReceiverOptions> {
  readonly port?: number;
  readonly tls?: boolean;
}

/** A receiver behind a real server; what is not for it is answered 404, as Express would. */
export async function startReceiver(options: LoopbackOptions = {}): Promise<Loopback> {
  const delivered: Delivered[] = [];
  const refusals: RefusalReason[] = [];
  const failures: unknown[] = [];
  const { port, tls, ...overrides } = options;
  const receiver = createReceiver({
    identity: identityOf(ANSWERER, 'boot-2'),
    keyring: KEYRING,
    nowMs: Date.now,
    monotonicMs: () => 0,
    routes: [],
    deliver: (from, group_id, message) => {
      delivered.push({ from, group_id, message });
      return Promise.resolve(answerTo(message));
    },
    acceptsFrom: () => true,
    onRefused: (reason) => {
      refusals.push(reason);
    },
    onFailure: (error) => {
      failures.push(error);
    },
    ...overrides,
  });
  const listening = await listen(
    (request, response) => {
      if (!receiver.handle(request, response)) response.writeHead(404).end('not ours');
    },
    port ?? 0,
    tls ?? false,
  );
  return { ...listening, delivered, refusals, failures };
}

interface Listening {
  readonly address: string;
  readonly server: Server;
  connections(): number;
  close(): Promise<void>;
}

export async function listen(listener: RequestListener, port = 0, tls = false): Promise<Listening> {
  const server: Server = tls
    ? createTlsServer({ cert: LOOPBACK_CERTIFICATE, key: LOOPBACK_PRIVATE_KEY }, listener)
    : createServer(listener);
  let connections = 0;
  server.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const { port: bound } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${bound}`,
    server,
    connections: () => connections,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

export interface RawRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

interface SignOptions {
  readonly keyring?: Keyring;
  readonly method?: string;
  readonly target?: string;
  readonly content_type?: string;
  readonly body?: Buffer;
  readonly envelope?: Partial<Envelope>;
}

let last_counter = 0;

/** A request as a replica would sign it: correct unless told otherwise. */
export function signed(options: SignOptions = {}): RawRequest {
  const { keyring = KEYRING, method = 'POST', target = '/raft/append-entries' } = options;
  const { content_type = 'application/octet-stream', body = Buffer.alloc(0) } = options;
  last_counter += 1;
  const envelope_text = formatEnvelope({
    key_id: keyring.primary.key_id,
    cluster_id: CLUSTER_ID,
    source: ASKER,
    source_boot_id: 'boot-1',
    destination: ANSWERER,
    destination_boot_id: 'boot-2',
    group_id: 'g0',
    timestamp_ms: Date.now(),
    counter: last_counter,
    body_sha256: sha256Hex(body),
    ...options.envelope,
  });
  const parts = { method, target, content_type, envelope_text };
  const headers = {
    'content-type': content_type,
    'content-length': String(body.length),
    'x-cluster-envelope': envelope_text,
    'x-cluster-signature': signRequest(keyring.primary.key, parts),
  };
  return { method, target, headers, body };
}

export interface RawResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Sends on a connection of its own, byte for byte what is given. */
export function sendRaw(address: string, raw: RawRequest): Promise<RawResponse> {
  const [host = '', port = ''] = address.split(':');
  const { method, target, headers, body } = raw;
  return new Promise((resolve, reject) => {
    const options = { host, port: Number(port), method, path: target, headers, agent: false };
    const request = httpRequest(options, (response) => {
      readAll(response).then(resolve, reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

async function readAll(response: IncomingMessage): Promise<RawResponse> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const status = must(response.statusCode, 'an answer without a status');
  return { status, headers: response.headers, body: Buffer.concat(chunks).toString('utf8') };
}

export function withHeader(
  raw: RawRequest,
  name: string,
  change: (value: string) => string,
): RawRequest {
  return { ...raw, headers: { ...raw.headers, [name]: change(raw.headers[name] ?? '') } };
}

export function withoutHeader(raw: RawRequest, name: string): RawRequest {
  const { [name]: _, ...headers } = raw.headers;
  return { ...raw, headers };
}
