import { setTimeout as sleep } from 'node:timers/promises';
import { must } from '../../../src/base/assert.ts';
import { call, good_password, register } from '../api-client.ts';
import type { Answer } from '../api-client.ts';
import { audit_token, ProcessCluster } from '../process-cluster.ts';

export interface Person {
  readonly username: string;
  readonly token: string;
  readonly id: string;
}

type Body = Record<string, unknown>;

const operator = { 'x-audit-token': audit_token };

function logsIn(body: Body): readonly Body[] {
  if (Array.isArray(body['logs'])) return body['logs'] as Body[];
  throw new Error(`no logs: ${JSON.stringify(body)}`);
}

/** Long enough for an election on a busy machine. */
const PATIENCE_MS = 60_000;

/** Three replicas, the people who use them, and a leader that dies when a story says so. */
export class Town {
  readonly cluster: ProcessCluster;
  #dead: number | null = null;
  #calls = 0;

  static async found(): Promise<Town> {
    const cluster = await ProcessCluster.create({ size: 3 });
    cluster.startAll();
    await cluster.awaitLeader();
    return new Town(cluster);
  }

  private constructor(cluster: ProcessCluster) {
    this.cluster = cluster;
  }

  async leave(): Promise<void> {
    await this.cluster.dispose();
  }

  /** Everybody with their log-in. */
  async people<Name extends string>(...names: readonly Name[]): Promise<Record<Name, Person>> {
    const people = await Promise.all(
      names.map(async (username) => {
        const token = await register(this.#nextOrigin(), username);
        const { body } = await call(this.#nextOrigin(), 'GET', '/api/me', { token });
        return [username, { username, token, id: String(body['id']) }] as const;
      }),
    );
    return Object.fromEntries<Person>(people) as Record<Name, Person>;
  }

  /**
   * A write as a careful client makes it: with a key, at one replica after the other, until it knows what
   * became of it.
   */
  async act(
    person: Person,
    method: string,
    path: string,
    body?: Body,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    this.#calls += 1;
    const key = `${person.username}-${this.#calls}`;
    return this.#insist(path, (origin) =>
      call(origin, method, path, {
        token: person.token,
        headers: { 'idempotency-key': key, ...headers },
        ...(body === undefined ? {} : { body }),
      }),
    );
  }

  async read(person: Person, path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.#insist(path, (origin) =>
      call(origin, 'GET', path, { token: person.token, headers }),
    );
  }

  /** The items of a list. */
  async list(person: Person, path: string): Promise<readonly Body[]> {
    const { status, body } = await this.read(person, path);
    if (status !== 200) throw new Error(`${path}: ${status} ${JSON.stringify(body)}`);
    return body['items'] as Body[];
  }

  /** Titles on somebody's agenda of that day, with how they stand to each. */
  async agenda(person: Person, day: string, more = ''): Promise<readonly string[]> {
    const items = await this.list(
      person,
      `/api/agenda?start=${day}T00:00:00Z&end=${day}T23:59:59Z${more}`,
    );
    return items.map((item) => `${String(item['title'])}: ${String(item['my_status'])}`);
  }

  /** Types of what somebody was told, oldest first. */
  async told(person: Person): Promise<readonly string[]> {
    const items = await this.list(person, '/api/notifications');
    return items.map((item) => String(item['type'])).reverse();
  }

  /** Rows of the audit, newest first, with the operators' token besides one's own. */
  async audit(person: Person, path: string): Promise<readonly Body[]> {
    const { body } = await this.read(person, path, operator);
    return logsIn(body);
  }

  async auditAt(origin: string, { token }: Person, path: string): Promise<readonly Body[]> {
    const { body } = await call(origin, 'GET', path, { token, headers: operator });
    return logsIn(body);
  }

  nodeIds(): readonly string[] {
    return this.cluster.positions.map((position) => this.cluster.nodeId(position));
  }

  async logInWrongly(username: string): Promise<Answer> {
    return this.#insist('/login', (origin) =>
      call(origin, 'POST', '/login', { body: { username, password: `${good_password}?` } }),
    );
  }

  /** Kills the replica that leads; the story goes on with the other two. */
  async killTheLeader(): Promise<void> {
    const leader = await this.cluster.awaitLeader();
    await this.cluster.kill(leader);
    this.#dead = leader;
  }

  /** The replica that was killed comes back; all three have the same state then. */
  async bringBack(): Promise<void> {
    if (this.#dead !== null) this.cluster.start(this.#dead);
    this.#dead = null;
    await this.cluster.awaitLeader();
    const states = await this.cluster.awaitEqualIndex();
    const digests = new Set(states.map(({ digest }) => digest));
    if (digests.size !== 1) throw new Error(`states differ: ${JSON.stringify(states)}`);
  }

  origins(): readonly string[] {
    return this.cluster.positions
      .filter((position) => this.cluster.isRunning(position))
      .map((position) => this.cluster.origin(position));
  }

  #nextOrigin(): string {
    this.#calls += 1;
    const origins = this.origins();
    return must(origins[this.#calls % origins.length], 'nobody runs');
  }

  async #insist(what: string, send: (origin: string) => Promise<Answer>): Promise<Answer> {
    const gives_up_at = Date.now() + PATIENCE_MS;
    let last = '';
    while (Date.now() < gives_up_at) {
      const answer = await send(this.#nextOrigin()).catch((error: unknown) => {
        last = String(error);
        return null;
      });
      if (answer !== null && answer.status < 500) return answer;
      if (answer !== null) last = `${answer.status} ${JSON.stringify(answer.body)}`;
      await sleep(50);
    }
    throw new Error(`${what}: nobody answered; the last: ${last}`);
  }
}

/** The thing in an answer that was to be a success. */
export function made(answer: Answer, status = 201): Body {
  if (answer.status === status) return answer.body;
  throw new Error(`${answer.status} instead of ${status}: ${JSON.stringify(answer.body)}`);
}

/** The appointment in an answer that has people too. */
export function appointmentIn(answer: Answer, status = 201): Body {
  return made(answer, status)['appointment'] as Body;
}
