import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { createSystemClock } from '../../src/base/system-clock.ts';
import type { ApiDependencies, ForwardResult, NodeAddress } from '../../src/http/dependencies.ts';
import type { ForwardedCommand } from '../../src/http/forward/forwarded-command.ts';
import { answerMalformed, server_options } from '../../src/http/malformed.ts';
import { createMetrics } from '../../src/http/metrics.ts';
import { createApi } from '../../src/http/server.ts';
import type { Api } from '../../src/http/server.ts';
import { FakeReplica, FakeState } from './fake-replica.ts';
import { FakeTrail } from './fake-trail.ts';

export const audit_token = 'the operators of this test';
export const good_password = 'an uncommon password';
export const jwt_secret = Buffer.alloc(32, 1);

export interface FakeNode {
  readonly replica: FakeReplica;
  readonly origin: string;
  readonly server: Server;
  readonly api: Api;
}

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
  readonly text: string;
}

/** APIs of several fake replicas over real loopback HTTP. */
export class FakeApis {
  readonly state: FakeState;
  readonly nodes: FakeNode[] = [];
  readonly log_lines: string[] = [];
  /** What was handed from replica to replica. */
  readonly forwarded: { from: string; to: string; command: ForwardedCommand }[] = [];
  /** Runs instead of the network; null: it arrives after all. */
  next_forward: (() => ForwardResult | null) | null = null;
  readonly ui_directory: string;
  /** Added to the wall clock of all nodes. */
  clock_offset_ms = 0;
  overrides: Partial<ApiDependencies> = {};
  /** What the audit was told, and what waits there for the log. */
  readonly audit = new FakeTrail();
  addresses: NodeAddress[] = [];

  static async start(count: number, overrides: Partial<ApiDependencies> = {}): Promise<FakeApis> {
    const apis = new FakeApis(count, overrides);
    for (let number = 1; number <= count; number += 1) await apis.#startNode(`agenda-${number}`);
    return apis;
  }

  private constructor(count: number, overrides: Partial<ApiDependencies>) {
    this.overrides = overrides;
    this.state = new FakeState(Array.from({ length: count }, (_, at) => `agenda-${at + 1}`));
    this.ui_directory = mkdtempSync(join(tmpdir(), 'agenda-ui-'));
    mkdirSync(join(this.ui_directory, 'assets'));
    writeFileSync(join(this.ui_directory, 'index.html'), '<title>Agenda</title>');
  }

  async #startNode(node_id: string): Promise<void> {
    const replica = new FakeReplica(node_id, this.state);
    const api = createApi({
      replica,
      log: pino({ level: 'trace' }, { write: (line: string) => void this.log_lines.push(line) }),
      version: '0',
      metrics: createMetrics({ status: () => replica.status(), group_id: 'main', version: '0' }),
      secrets: {
        jwt: jwt_secret,
        ticket: Buffer.alloc(32, 2),
        live_ticket: Buffer.alloc(32, 4),
        request_key: Buffer.alloc(32, 3),
        cursor: Buffer.alloc(32, 4),
        audit_token,
      },
      audit: this.audit,
      now_ms: () => Date.now() + this.clock_offset_ms,
      clock: createSystemClock(),
      addresses: () => this.addresses,
      public_url: null,
      listens_on: { host: '127.0.0.1', port: 1 },
      leader_routing: 'auto',
      forward: (leader, command) => this.#forward(node_id, leader.node_id, command),
      token_ttl_s: 43_200,
      registration: 'open',
      trust_proxy: null,
      ui_directory: this.ui_directory,
      readiness: () => ({ ready: true }),
      liveness: () => Promise.resolve(null),
      ...this.overrides,
    });
    const server = createServer(server_options, api.listener);
    answerMalformed(server, api.listener);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.nodes.push({ replica, origin, server, api });
    this.addresses.push({ node_id, address_url: origin, public_url: null, last_seen_ms: 5 });
  }

  async #forward(from: string, to: string, command: ForwardedCommand): Promise<ForwardResult> {
    this.forwarded.push({ from, to, command });
    const result = this.next_forward?.() ?? null;
    if (result !== null) return result;
    const sent: unknown = JSON.parse(JSON.stringify(command));
    const { api } = this.node(Number(to.slice('agenda-'.length)) - 1);
    const answer = await api.receiveForwarded(from, sent);
    return { kind: 'answered', body: JSON.parse(JSON.stringify(answer)) };
  }

  node(at: number): FakeNode {
    const node = this.nodes[at];
    if (node === undefined) throw new Error(`no node ${at}`);
    return node;
  }

  async stop(): Promise<void> {
    for (const { server } of this.nodes) {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    }
    this.state.close();
    rmSync(this.ui_directory, { recursive: true, force: true });
  }

  async call(
    method: string,
    path: string,
    options: {
      at?: number;
      token?: string;
      body?: unknown;
      raw?: string | Uint8Array<ArrayBuffer>;
      headers?: Record<string, string>;
      redirect?: 'manual' | 'follow';
      /** The name by which the client speaks to it: `fetch` would set its own. */
      host?: string;
    } = {},
  ): Promise<Reply> {
    const { at = 0, token, body, raw, headers = {}, redirect = 'manual', host } = options;
    const sent = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    const url = path.startsWith('http') ? path : `${this.node(at).origin}${path}`;
    const all_headers = {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(sent === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    };
    const response =
      host === undefined
        ? await fetch(url, {
            method,
            redirect,
            headers: all_headers,
            ...(sent === undefined ? {} : { body: sent }),
          })
        : await plainRequest(url, method, { ...all_headers, host }, sent);
    const text = await response.text();
    const is_json = (response.headers.get('content-type') ?? '').includes('json');
    const parsed = is_json && text !== '' ? (JSON.parse(text) as Record<string, unknown>) : {};
    return { status: response.status, headers: response.headers, body: parsed, text };
  }

  /** A person's token. */
  async register(username: string): Promise<string> {
    const reply = await this.call('POST', '/register', { body: registration(username) });
    if (reply.status !== 201) throw new Error(`register: ${reply.text}`);
    return String(reply.body['token']);
  }
}

function plainRequest(
  url: string,
  method: string,
  headers: Record<string, string>,
  sent: string | Uint8Array | undefined,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => {
        const answered = new Headers();
        for (let at = 0; at < answer.rawHeaders.length; at += 2) {
          answered.append(answer.rawHeaders[at] ?? '', answer.rawHeaders[at + 1] ?? '');
        }
        const status = answer.statusCode ?? 0;
        const text = chunks.length === 0 ? null : Buffer.concat(chunks);
        resolve(new Response(text, { status, headers: answered }));
      });
    });
    request.on('error', reject).end(sent);
  });
}

export function registration(username: string) {
  return {
    username,
    email: `${username}@example.org`,
    password: good_password,
    display_name: `The ${username}`,
  };
}

/** An hour of one day; distinct hours never overlap. */
export function meeting(hour: number, more: object = {}) {
  const at = (value: number): string => `2027-01-15T${String(value).padStart(2, '0')}:00:00Z`;
  return { title: `Meeting ${hour}`, start: at(hour), end: at(hour + 1), ...more };
}
