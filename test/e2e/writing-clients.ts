import { expect } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert } from '../../src/base/assert.ts';
import { eventually } from '../support/eventually.ts';
import { call, hourOf2027, register } from './api-client.ts';
import type { Answer } from './api-client.ts';
import type { ProcessCluster, RaftStateAnswer } from './process-cluster.ts';

/** After the faults, who insists goes on until it is settled; so long at most. */
const SETTLE_MS = 60_000;

type Outcome = 'acknowledged' | 'refused' | 'open';

interface Written {
  readonly client: number;
  readonly title: string;
  /** Open: nobody knows. */
  outcome: Outcome;
}

/**
 * Clients that book one hour after the other, each in an agenda of its own and at all replicas in turn,
 * while things break. Half of them insist, with a key, until each booking is settled; the others have no
 * key and try once, so that their 503 must mean that nothing was done.
 */
export class WritingClients {
  readonly #cluster: ProcessCluster;
  readonly #tokens: readonly string[];
  readonly #headers: Readonly<Record<string, string>>;
  readonly #written: Written[] = [];
  /** Of each client. */
  readonly #counts: number[];
  #work: readonly Promise<void>[] = [];
  #is_over = true;
  #gives_up_at = 0;

  /** Registers them. `headers`: sent with every write. */
  static async create(
    cluster: ProcessCluster,
    clients = 4,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<WritingClients> {
    const leader = await cluster.awaitLeader();
    const tokens = await Promise.all(
      Array.from({ length: clients }, (_, client) =>
        register(cluster.origin(leader), `writer${client}`),
      ),
    );
    return new WritingClients(cluster, tokens, headers);
  }

  private constructor(
    cluster: ProcessCluster,
    tokens: readonly string[],
    headers: Readonly<Record<string, string>>,
  ) {
    this.#headers = headers;
    this.#cluster = cluster;
    this.#tokens = tokens;
    this.#counts = tokens.map(() => 0);
  }

  /** Begins, or goes on, and returns when writes are acknowledged. */
  async start(): Promise<void> {
    assert(this.#is_over, 'they write already');
    this.#is_over = false;
    this.#gives_up_at = Infinity;
    this.#work = this.#tokens.map((_, client) => this.#write(client));
    await this.awaitProgress();
  }

  /** Of the first client. */
  get token(): string {
    return this.#tokens[0] ?? '';
  }

  get acknowledged(): number {
    return this.#written.filter((one) => one.outcome === 'acknowledged').length;
  }

  /** Waits until so many more bookings are acknowledged: the cluster works. */
  async awaitProgress(count = 8): Promise<void> {
    const goal = this.acknowledged + count;
    await eventually('writes are acknowledged', () => (this.acknowledged >= goal ? true : null));
  }

  /** Ends the writing; may be called again. */
  async stop(): Promise<void> {
    this.#is_over = true;
    this.#gives_up_at = Math.min(this.#gives_up_at, Date.now() + SETTLE_MS);
    await Promise.all(this.#work);
  }

  /**
   * Ends the writing and waits until all replicas are one again: one leader, one digest, and at every
   * one of them everything ever acknowledged, once, and nothing refused.
   */
  async stopAndCheck(): Promise<void> {
    await this.stop();
    await awaitOneLeader(this.#cluster);
    const states = await this.#cluster.awaitEqualIndex();
    expect(new Set(states.map((state) => state.digest)).size).toBe(1);
    for (const position of this.#cluster.positions) {
      for (const client of this.#tokens.keys()) await this.#checkAgenda(position, client);
    }
  }

  async #checkAgenda(position: number, client: number): Promise<void> {
    const answer = await call(
      this.#cluster.origin(position),
      'GET',
      '/api/agenda?start=2027-01-01T00:00:00Z&end=2029-01-01T00:00:00Z&consistency=local',
      { token: this.#tokens[client] ?? '' },
    );
    expect(answer.status).toBe(200);
    const titles = (answer.body['items'] as { title: string }[]).map((item) => item.title);
    const kept = new Set(titles);
    expect(kept.size).toBe(titles.length);
    const own = this.#written.filter((one) => one.client === client);
    const lost = own.filter((one) => one.outcome === 'acknowledged' && !kept.has(one.title));
    const wrongly_kept = own.filter((one) => one.outcome === 'refused' && kept.has(one.title));
    const where = this.#cluster.nodeId(position);
    expect({ where, lost, wrongly_kept }).toEqual({ where, lost: [], wrongly_kept: [] });
  }

  async #write(client: number): Promise<void> {
    const insists = client % 2 === 0;
    while (!this.#is_over) {
      const count = this.#counts[client] ?? 0;
      this.#counts[client] = count + 1;
      const title = `client ${client} number ${count}`;
      const one: Written = { client, title, outcome: 'open' };
      this.#written.push(one);
      for (let attempt = 0; Date.now() < this.#gives_up_at; attempt += 1) {
        const position = (client + count + attempt) % this.#cluster.size;
        const key = insists ? { 'idempotency-key': title } : {};
        const headers = { ...this.#headers, ...key };
        const body = { title, ...hourOf2027(count) };
        const token = this.#tokens[client] ?? '';
        const answer = await call(this.#cluster.origin(position), 'POST', '/api/appointments', {
          token,
          body,
          timeout_ms: 8_000,
          headers,
        }).catch(() => null);
        one.outcome = outcomeOf(answer);
        if (!insists || one.outcome === 'acknowledged') break;
        await sleep(50);
      }
      await sleep(20);
    }
  }
}

/** Nothing here overlaps and everything is well formed: only a cluster in trouble says no. */
function outcomeOf(answer: Answer | null): Outcome {
  if (answer === null || answer.status === 504) return 'open';
  if (answer.status === 201) return 'acknowledged';
  expect([answer.status, answer.body['code']]).toEqual([503, expect.any(String)]);
  expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
  return 'refused';
}

/** Waits until one of the replicas leads and all of them name it, in one term. */
export async function awaitOneLeader(
  cluster: ProcessCluster,
  positions = cluster.positions,
): Promise<RaftStateAnswer> {
  return eventually('one leader that all replicas name', async () => {
    const states = await Promise.all(positions.map((position) => cluster.raftState(position)));
    const leaders = states.filter((state) => state.role === 'leader');
    const [leader] = leaders;
    if (leader === undefined || leaders.length > 1) return null;
    const agree = states.every(
      (state) => state.leader_id === leader.node_id && state.term === leader.term,
    );
    return agree ? leader : null;
  });
}
