import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, relative, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { callApi } from './api-client.ts';
import { fillDemo } from './demo/fill-demo.ts';
import { ReplicaProcess } from './replica-process.ts';
import { sample_password, sample_people } from './demo/sample-data.ts';

interface DemoOptions {
  readonly base_port: number;
  readonly replicas: number;
  readonly data: string;
  readonly fresh: boolean;
}

/** A replica that died is started again after this, as an orchestrator would. */
const RESTART_AFTER_MS = 5_000;
const STOP_PATIENCE_MS = 8_000;
const CALL_ATTEMPTS = 150;
const DEFAULT_BASE_PORT = 8080;

/** Runs a cluster on this machine until Ctrl-C; the exit code. */
export async function runDemoCommand(words: readonly string[]): Promise<number> {
  const options = parseOptions(words);
  if (typeof options === 'string') {
    console.error(`agenda demo: ${options}`);
    return 2;
  }
  const taken = await takenPorts(options);
  if (taken.length > 0) {
    console.error(
      `agenda demo: port ${taken.join(', ')} on 127.0.0.1 is in use. ` +
        'Stop what listens there, or choose others with --base-port (npm start -- --base-port 9080).',
    );
    return 1;
  }
  if (options.fresh) rmSync(options.data, { recursive: true, force: true });
  const demo = new Demo(options);
  return demo.run();
}

function parseOptions(words: readonly string[]): DemoOptions | string {
  try {
    const { values } = parseArgs({
      args: [...words],
      options: {
        'base-port': { type: 'string', default: String(DEFAULT_BASE_PORT) },
        replicas: { type: 'string', default: '7' },
        data: { type: 'string', default: './data/demo' },
        fresh: { type: 'boolean', default: false },
      },
    });
    const base_port = Number(values['base-port']);
    const replicas = Number(values.replicas);
    if (!Number.isInteger(replicas) || replicas < 1 || replicas > 9) {
      return `--replicas is '${values.replicas}'; it should be a number from 1 to 9`;
    }
    if (!Number.isInteger(base_port) || base_port < 1024 || base_port > 65_000) {
      return `--base-port is '${values['base-port']}'; it should be a number from 1024 to 65000`;
    }
    return { base_port, replicas, data: resolve(values.data), fresh: values.fresh };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function takenPorts({ base_port, replicas }: DemoOptions): Promise<readonly number[]> {
  const taken: number[] = [];
  for (let port = base_port; port < base_port + replicas; port += 1) {
    const is_free = await new Promise<boolean>((done) => {
      const server = createServer();
      server.once('error', () => done(false));
      server.listen({ port, host: '127.0.0.1' }, () => server.close(() => done(true)));
    });
    if (!is_free) taken.push(port);
  }
  return taken;
}

class Demo {
  readonly #options: DemoOptions;
  readonly #replicas: readonly ReplicaProcess[];
  #is_stopping = false;

  constructor(options: DemoOptions) {
    this.#options = options;
    const numbers = Array.from({ length: options.replicas }, (_, position) => position + 1);
    const members = numbers.map((number) => `agenda-${number}`);
    const seeds = numbers.map((number) => `127.0.0.1:${options.base_port + number - 1}`);
    this.#replicas = numbers.map(
      (number) =>
        new ReplicaProcess({
          node_id: `agenda-${number}`,
          address: `127.0.0.1:${options.base_port + number - 1}`,
          members,
          seeds,
          directory: join(options.data, `agenda-${number}`),
          secret_file: join(options.data, 'cluster-secret'),
        }),
    );
  }

  async run(): Promise<number> {
    const stopped = this.#stopOnSignal();
    this.#keepSecret();
    console.log(`Starting ${this.#replicas.length} replicas …`);
    for (const replica of this.#replicas) this.#start(replica);
    try {
      const origins = this.#replicas.map((replica) => replica.origin);
      await fillDemo(origins, new Date());
      if (!this.#is_stopping) await this.#describe();
    } catch (error) {
      if (!this.#is_stopping) {
        console.error(`The cluster did not come up: ${String(error)}`);
        console.error(`Its logs are in ${this.#options.data}.`);
        await this.#stopAll();
        return 1;
      }
    }
    await stopped;
    return 0;
  }

  /** Kept beside the data, readable by its owner alone. */
  #keepSecret(): void {
    mkdirSync(this.#options.data, { recursive: true, mode: 0o700 });
    const path = join(this.#options.data, 'cluster-secret');
    if (!existsSync(path)) writeFileSync(path, randomBytes(32).toString('hex'), { mode: 0o600 });
  }

  #start(replica: ReplicaProcess): void {
    const { node_id } = replica.options;
    replica.start((how) => {
      if (this.#is_stopping) return;
      console.log(`\n${node_id} ended (${how}). It is started again in 5 s.`);
      setTimeout(() => {
        if (this.#is_stopping) return;
        this.#start(replica);
        console.log(`${node_id} is back; it catches up by itself.`);
      }, RESTART_AFTER_MS);
      this.#describe().catch((error: unknown) => console.error(String(error)));
    });
  }

  async #describe(): Promise<void> {
    const leader = await this.#awaitLeader();
    if (this.#is_stopping) return;
    const first = this.#replicas[0]?.origin ?? '';
    console.log('');
    for (const replica of this.#replicas) {
      const { node_id } = replica.options;
      const note = replica === leader ? '  leads' : replica.pid === null ? '  (down)' : '';
      console.log(`  ${node_id.padEnd(10)} ${replica.origin}/ui/${note}`);
    }
    console.log(`
Log in as ${sample_people.map((person) => person.username).join(', ')} with the password ${sample_password}:

  curl -s ${first}/login -H 'Content-Type: application/json' \\
       -d '{"username":"ana","password":"${sample_password}"}'

Kill the leader and watch another take over:

  kill -9 ${leader.pid ?? ''}

See what the replicas know of each other, and whether their states are equal:

  ${this.#operatorCommand('status')}
  ${this.#operatorCommand('check')}

Logs: ${this.#options.data}/agenda-*/replica.log      Ctrl-C stops all.`);
  }

  /** To be typed in another terminal, in the same directory. */
  #operatorCommand(words: string): string {
    const { data, base_port } = this.#options;
    const secret_file = relative(process.cwd(), join(data, 'cluster-secret'));
    const at = base_port === DEFAULT_BASE_PORT ? '' : ` --at 127.0.0.1:${base_port}`;
    return `CLUSTER_HMAC_SECRET_FILE='${secret_file}' node dist/cli/main.js ${words}${at}`;
  }

  async #awaitLeader(): Promise<ReplicaProcess> {
    for (let attempt = 0; attempt < CALL_ATTEMPTS && !this.#is_stopping; attempt += 1) {
      for (const replica of this.#replicas) {
        if (replica.pid === null) continue;
        const leader = await this.#leaderSeenBy(replica);
        if (leader !== null) return leader;
      }
      await sleep(200);
    }
    throw new Error('no replica says who leads');
  }

  /** The live replica that leads by its own word: followers may not have noticed yet. */
  async #leaderSeenBy(replica: ReplicaProcess): Promise<ReplicaProcess | null> {
    try {
      const { body } = await callApi(replica.origin, 'GET', '/health', { timeout_ms: 1_000 });
      const { role } = body as { role?: string };
      return role === 'leader' ? replica : null;
    } catch {
      return null;
    }
  }

  /** Resolves when all replicas have ended after Ctrl-C. */
  async #stopOnSignal(): Promise<void> {
    await new Promise<void>((asked) => {
      process.once('SIGINT', () => asked());
      process.once('SIGTERM', () => asked());
      // The terminal was closed.
      process.once('SIGHUP', () => asked());
    });
    if (this.#is_stopping) return;
    console.log('\nStopping …');
    await this.#stopAll();
  }

  async #stopAll(): Promise<void> {
    this.#is_stopping = true;
    await Promise.all(this.#replicas.map((replica) => replica.stop(STOP_PATIENCE_MS)));
  }
}
