import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../main.js', import.meta.url));

export interface ReplicaProcessOptions {
  readonly node_id: string;
  readonly address: string;
  readonly members: readonly string[];
  readonly seeds: readonly string[];
  readonly directory: string;
  readonly secret_file: string;
  /** Further variables. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** One replica of a local cluster as a child process; its log goes to a file beside its data. */
export class ReplicaProcess {
  readonly options: ReplicaProcessOptions;
  #child: ChildProcess | null = null;
  #exited: Promise<void> = Promise.resolve();

  constructor(options: ReplicaProcessOptions) {
    this.options = options;
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  get origin(): string {
    return `http://${this.options.address}`;
  }

  get log_path(): string {
    return join(this.options.directory, 'replica.log');
  }

  get data_directory(): string {
    return join(this.options.directory, 'data');
  }

  /** `onExit` is called once, when the process has ended, however that came. */
  start(onExit: (how: string) => void): void {
    const { node_id, address, members, seeds, secret_file } = this.options;
    mkdirSync(this.options.directory, { recursive: true });
    const log = openSync(this.log_path, 'a');
    const child = spawn(process.execPath, ['--enable-source-maps', program], {
      // Not this terminal's group: Ctrl-C reaches the demo alone, which stops its replicas in order.
      detached: true,
      stdio: ['ignore', log, log],
      env: {
        PATH: process.env['PATH'],
        NODE_ID: node_id,
        HTTP_ADDR: address,
        ADVERTISE_ADDR: address,
        CLUSTER_SIZE: String(members.length),
        CLUSTER_MEMBERS: members.join(','),
        DISCOVERY_SEEDS: seeds.join(','),
        DATA_DIR: this.data_directory,
        CLUSTER_HMAC_SECRET_FILE: secret_file,
        ...this.options.environment,
      },
    });
    closeSync(log);
    this.#child = child;
    this.#exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.#child = null;
        resolve();
        onExit(signal ?? `exit code ${String(code)}`);
      });
    });
  }

  /** Ends it as it stands, as a crash would. */
  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.#exited;
  }

  /** Asks it to stop, and ends it when it does not within `patience_ms`. */
  async stop(patience_ms: number): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), patience_ms);
    await this.#exited;
    clearTimeout(timer);
  }
}
