import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { ApiDependencies, NodeAddress } from '../../src/http/dependencies.ts';
import { createMetrics } from '../../src/http/metrics.ts';
import { createApi } from '../../src/http/server.ts';
import { FakeReplica, FakeState } from './fake-replica.ts';

export const audit_token = 'the operators of this test';
export const good_password = 'an uncommon password';
export const jwt_secret = Buffer.alloc(32, 1);

export interface FakeNode {
  readonly replica: FakeReplica;
  readonly origin: string;
  readonly server: Server;
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
  readonly ui_directory: string;
  /** Added to the wall clock of all nodes. */
  clock_offset_ms = 0;
  overrides: Partial<ApiDependencies> = {};
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
      metrics: createMetrics({ status: () => replica.status(), group_id: 'main', version: '0' }),
      secrets: {
        jwt: jwt_secret,
        ticket: Buffer.alloc(32, 2),
        request_key: Buffer.alloc(32, 3),
        audit_token,
      },
      now_ms: () => Date.now() + this.clock_offset_ms,
      addresses: () => this.addresses,
      public_url: null,
      token_ttl_s: 43_200,
      registration: 'open',
      trust_proxy: null,
      ui_directory: this.ui_directory,
      readiness: () => ({ ready: true }),
      liveness: () => Promise.resolve(null),
      ...this.overrides,
    });
    const server = createServer(api).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.nodes.push({ replica, origin, server });
    this.addresses.push({ node_id, address_url: origin, public_url: null, last_seen_ms: 5 });
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
    } = {},
  ): Promise<Reply> {
    const { at = 0, token, body, raw, headers = {}, redirect = 'manual' } = options;
    const sent = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    const url = path.startsWith('http') ? path : `${this.node(at).origin}${path}`;
    const response = await fetch(url, {
      method,
      redirect,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(sent === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(sent === undefined ? {} : { body: sent }),
    });
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
