import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { callApi, callUntilAnswered } from '../api-client.ts';
import { ReplicaProcess } from '../replica-process.ts';
import type { LoadRequest } from './load.ts';
import { cpuMicroseconds, histogramOf } from './process-cost.ts';

const CALL_ATTEMPTS = 300;
const STOP_PATIENCE_MS = 5_000;
const HOUR_MS = 3_600_000;
const FIRST_HOUR_MS = Date.UTC(2030, 0, 1);
const PASSWORD = 'a password of the bench alone';
/** Makes a body of about 300 bytes. */
const DESCRIPTION = 'd'.repeat(150);

/** As many passwords are hashed at a time as there are cores on a small machine. */
const REGISTRATIONS_AT_ONCE = 2;

/** What one replica has used and done so far. */
interface Cost {
  readonly cpu_us: number | null;
  readonly log_writes: number;
  readonly apply_us: number;
}

export interface CostSample {
  readonly leader: Cost;
  readonly follower: Cost;
}

/** Replicas on loopback, with a person for each client. */
export class AgendaCluster {
  /** Signs what operators ask. */
  readonly secret = randomBytes(32).toString('hex');
  readonly #replicas: ReplicaProcess[];
  readonly #create: (number: number) => ReplicaProcess;
  #leader: ReplicaProcess | null = null;
  #tokens: string[] = [];
  #hours: number[] = [];

  constructor(
    size: number,
    base_port: number,
    directory: string,
    environment: Readonly<Record<string, string>> = {},
  ) {
    mkdirSync(directory, { recursive: true });
    const secret_file = join(directory, 'cluster-secret');
    writeFileSync(secret_file, this.secret, { mode: 0o600 });
    const numbers = Array.from({ length: size }, (_, position) => position + 1);
    const address = (number: number): string => `127.0.0.1:${base_port + number - 1}`;
    this.#create = (number) =>
      new ReplicaProcess({
        node_id: `agenda-${number}`,
        address: address(number),
        members: numbers.map((one) => `agenda-${one}`),
        seeds: numbers.map(address),
        directory: join(directory, `agenda-${number}`),
        secret_file,
        environment,
      });
    this.#replicas = numbers.map(this.#create);
  }

  async start(clients: number): Promise<void> {
    for (const replica of this.#replicas) replica.start(() => undefined);
    const origins = this.#replicas.map((replica) => replica.origin);
    this.#hours = Array.from({ length: clients }, () => 0);
    this.#tokens = Array.from({ length: clients }, () => '');
    let next = 0;
    const registerOthers = async (): Promise<void> => {
      while (next < clients) {
        const client = next;
        next += 1;
        this.#tokens[client] = await registerPerson(origins, `bench-${client}`);
      }
    };
    await Promise.all(Array.from({ length: REGISTRATIONS_AT_ONCE }, registerOthers));
    await this.findLeader();
  }

  /** Whoever leads now is the leader here. */
  async findLeader(): Promise<void> {
    this.#leader = null;
    for (const replica of this.#replicas) {
      const { body } = await callApi(replica.origin, 'GET', '/health');
      if ((body as { role?: string }).role === 'leader') this.#leader = replica;
    }
    if (this.#leader === null) throw new Error('nobody leads');
  }

  get leader(): ReplicaProcess {
    if (this.#leader === null) throw new Error('nobody leads');
    return this.#leader;
  }

  get follower(): ReplicaProcess {
    const follower = this.#replicas.find((replica) => replica !== this.#leader);
    if (follower === undefined) throw new Error('nobody follows');
    return follower;
  }

  /** A replica that does not lead, and another one where there are three. */
  get followers(): readonly [ReplicaProcess, ReplicaProcess] {
    const others = this.#replicas.filter((replica) => replica !== this.#leader);
    return [this.follower, others.at(-1) ?? this.follower];
  }

  tokenOf(client: number): string {
    const token = this.#tokens[client];
    if (token === undefined) throw new Error(`there is no client ${client}`);
    return token;
  }

  /** One more replica, of the next number, with an empty disk and the seeds of the others. */
  startNewcomer(): ReplicaProcess {
    const newcomer = this.#create(this.#replicas.length + 1);
    this.#replicas.push(newcomer);
    newcomer.start(() => undefined);
    return newcomer;
  }

  /** A real appointment at the leader: token, permission, conflict check. */
  book(client: number): LoadRequest {
    const hour = this.#hours[client] ?? 0;
    this.#hours[client] = hour + 1;
    const start_ms = FIRST_HOUR_MS + hour * HOUR_MS;
    return {
      method: 'POST',
      origin: this.#leader?.origin ?? '',
      path: '/api/appointments',
      headers: { authorization: `Bearer ${this.#tokens[client] ?? ''}` },
      body: JSON.stringify({
        title: `bench ${client} ${hour}`,
        description: DESCRIPTION,
        start: new Date(start_ms).toISOString(),
        end: new Date(start_ms + HOUR_MS).toISOString(),
      }),
    };
  }

  /** An entry for the log that leaves the state as large as it was. */
  rename(client: number, count: number): LoadRequest {
    return {
      method: 'PUT',
      origin: this.#leader?.origin ?? '',
      path: '/api/me/profile',
      headers: { authorization: `Bearer ${this.#tokens[client] ?? ''}` },
      body: JSON.stringify({ display_name: `bench ${client}, name ${count}` }),
    };
  }

  async sample(): Promise<CostSample> {
    const leader = this.#leader ?? this.#replicas[0];
    const follower = this.#replicas.find((replica) => replica !== leader) ?? leader;
    if (leader === undefined || follower === undefined) throw new Error('no replicas');
    return { leader: await costOf(leader), follower: await costOf(follower) };
  }

  async stop(): Promise<void> {
    await Promise.all(this.#replicas.map((replica) => replica.stop(STOP_PATIENCE_MS)));
  }
}

async function costOf(replica: ReplicaProcess): Promise<Cost> {
  const text = (await callApi(replica.origin, 'GET', '/metrics')).body as string;
  return {
    cpu_us: replica.pid === null ? null : cpuMicroseconds(replica.pid),
    log_writes: histogramOf(text, 'agenda_raft_log_fsync_duration_seconds').count,
    apply_us: histogramOf(text, 'agenda_raft_apply_duration_seconds').sum * 1_000_000,
  };
}

/** The token of a new person. */
async function registerPerson(origins: readonly string[], username: string): Promise<string> {
  const email = `${username}@example.org`;
  const answer = await callUntilAnswered(origins, CALL_ATTEMPTS, (origin) =>
    callApi(origin, 'POST', '/register', {
      body: { username, display_name: username, email, password: PASSWORD },
    }),
  );
  if (answer.status !== 201) throw new Error(`register: ${JSON.stringify(answer.body)}`);
  return (answer.body as { token: string }).token;
}
