import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from '../support/eventually.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

export const cluster_secret = 'a secret of this test, of more than thirty-two bytes';
export const audit_token = 'an audit token of this test';

const main_program = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** Ports that were free a moment ago. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(
    servers.map((server) => new Promise<void>((done) => server.close(() => done()))),
  );
  return ports;
}

export interface RaftStateAnswer {
  readonly node_id: string;
  readonly role: string;
  readonly term: number;
  readonly leader_id: string | null;
  readonly commit_index: number;
  readonly applied_index: number;
  readonly last_index: number;
  readonly digest: string;
  readonly voters: readonly string[];
  readonly learners: readonly string[];
}

export interface ClusterOptions {
  readonly size: number;
  /** Replicas that are not among the first members; they are started by their positions. */
  readonly newcomers?: number;
  /** Instead of `dist/main.js`. */
  readonly program?: string;
  readonly environment?: (position: number) => Record<string, string>;
  /** On loopback, to each replica's API; unless given, free ones on which the replicas listen. */
  readonly ports?: readonly number[];
  /** A command, with its first parameters, that runs the replica's. */
  readonly launcher?: (position: number) => readonly string[];
}

/** Real replicas: one process each, on loopback, with data in a temporary directory. */
export class ProcessCluster {
  readonly size: number;
  readonly ports: readonly number[];
  readonly directory: string;
  readonly #options: ClusterOptions;
  readonly #children: (ChildProcess | null)[];
  readonly #exit_codes: (number | null)[];
  readonly #remove: () => void;

  static async create(options: ClusterOptions): Promise<ProcessCluster> {
    const count = options.size + (options.newcomers ?? 0);
    return new ProcessCluster(options, options.ports ?? (await freePorts(count)));
  }

  private constructor(options: ClusterOptions, ports: readonly number[]) {
    const directory = temporaryDirectory('cluster');
    this.size = options.size;
    this.ports = ports;
    this.directory = directory.path;
    this.#options = options;
    this.#remove = directory.remove;
    this.#children = ports.map(() => null);
    this.#exit_codes = ports.map(() => null);
  }

  /** Of the first members. */
  get positions(): readonly number[] {
    return Array.from({ length: this.size }, (_, position) => position);
  }

  nodeId(position: number): string {
    return `agenda-${position + 1}`;
  }

  position(node_id: string): number {
    return Number(node_id.slice('agenda-'.length)) - 1;
  }

  origin(position: number): string {
    return `http://127.0.0.1:${this.ports[position]}`;
  }

  dataDirectory(position: number): string {
    return join(this.directory, this.nodeId(position));
  }

  log(position: number): string {
    return readFileSync(`${this.dataDirectory(position)}.log`, 'utf8');
  }

  isRunning(position: number): boolean {
    return this.#children[position] !== null;
  }

  /** Waits until it has ended by itself; its exit code. */
  async awaitExit(position: number, bound_ms = 60_000): Promise<number | null> {
    return eventually(
      `the end of ${this.nodeId(position)}`,
      () => (this.isRunning(position) ? null : (this.#exit_codes[position] ?? null)),
      bound_ms,
    );
  }

  environment(position: number): Record<string, string> {
    return {
      PATH: process.env['PATH'] ?? '',
      NODE_ID: this.nodeId(position),
      HTTP_ADDR: `127.0.0.1:${this.ports[position]}`,
      ADVERTISE_ADDR: `127.0.0.1:${this.ports[position]}`,
      CLUSTER_SIZE: String(this.size),
      CLUSTER_MEMBERS: this.positions.map((one) => this.nodeId(one)).join(','),
      DISCOVERY_SEEDS: this.ports.map((port) => `127.0.0.1:${port}`).join(','),
      CLUSTER_HMAC_SECRET: cluster_secret,
      AUDIT_API_TOKEN: audit_token,
      DATA_DIR: this.dataDirectory(position),
      ...this.#options.environment?.(position),
    };
  }

  start(position: number, environment: Record<string, string> = {}): void {
    if (this.#children[position] !== null) throw new Error('it runs already');
    mkdirSync(this.dataDirectory(position), { recursive: true });
    const log = openSync(`${this.dataDirectory(position)}.log`, 'a');
    const launcher = this.#options.launcher?.(position) ?? [];
    const [command, ...parameters] = [
      ...launcher,
      process.execPath,
      this.#options.program ?? main_program,
    ] as const;
    const child = spawn(command, parameters, {
      env: { ...this.environment(position), ...environment },
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.#children[position] = child;
    child.once('exit', (code) => {
      this.#exit_codes[position] = code;
      if (this.#children[position] === child) this.#children[position] = null;
    });
  }

  startAll(): void {
    for (const position of this.positions) this.start(position);
  }

  /** Resolves when the process has ended. */
  async kill(position: number, signal: NodeJS.Signals = 'SIGKILL'): Promise<number | null> {
    const child = this.#children[position];
    if (child === null || child === undefined) return null;
    const exited = once(child, 'exit') as Promise<[number | null, string | null]>;
    child.kill(signal);
    const [code] = await exited;
    return code;
  }

  /** Stops or continues the process as it stands. */
  signal(position: number, signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#children[position]?.kill(signal);
  }

  wipe(position: number): void {
    rmSync(this.dataDirectory(position), { recursive: true, force: true });
  }

  /** Ends every process that is left, and removes what they wrote. */
  async dispose(): Promise<void> {
    await Promise.all(
      this.ports.map(async (_, position) => {
        this.signal(position, 'SIGCONT');
        await this.kill(position);
      }),
    );
    this.#remove();
  }

  async get(
    position: number,
    path: string,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    return fetch(`${this.origin(position)}${path}`, {
      headers,
      signal: AbortSignal.timeout(10_000),
    });
  }

  async raftState(position: number): Promise<RaftStateAnswer> {
    const response = await this.get(position, '/raft/state', { 'x-audit-token': audit_token });
    if (response.status !== 200) throw new Error(`/raft/state answers ${response.status}`);
    return (await response.json()) as RaftStateAnswer;
  }

  /** The replica that leads by its own word and that of a majority of those asked. */
  async awaitLeader(bound_ms = 60_000): Promise<number> {
    return eventually(
      'a leader that a majority follows',
      async () => {
        const states = await this.#statesOfRunning();
        const leader = states.findLast((state) => state.role === 'leader');
        if (leader === undefined) return null;
        const followers = states.filter(
          (state) => state.leader_id === leader.node_id && state.term === leader.term,
        );
        return followers.length > this.size / 2 ? this.position(leader.node_id) : null;
      },
      bound_ms,
    );
  }

  async #statesOfRunning(): Promise<RaftStateAnswer[]> {
    const asked = await Promise.allSettled(
      this.positions
        .filter((position) => this.isRunning(position))
        .map((position) => this.raftState(position)),
    );
    return asked
      .filter((result) => result.status === 'fulfilled')
      .map((result) => result.value)
      .sort((one, other) => one.term - other.term);
  }

  /** Waits until all replicas named have applied the same index, and returns their states. */
  async awaitEqualIndex(positions = this.positions, bound_ms = 60_000): Promise<RaftStateAnswer[]> {
    return eventually(
      'all replicas at one index',
      async () => {
        const states = await Promise.all(positions.map((position) => this.raftState(position)));
        const first = states[0];
        const is_equal = states.every(
          (state) =>
            state.applied_index === first?.applied_index &&
            state.applied_index === state.commit_index &&
            state.last_index === first.last_index &&
            state.last_index === state.applied_index,
        );
        return is_equal ? states : null;
      },
      bound_ms,
    );
  }
}
