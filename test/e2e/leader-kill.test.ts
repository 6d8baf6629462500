import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { call, hourOf2027, register } from './api-client.ts';
import { ProcessCluster } from './process-cluster.ts';

const CLIENTS = 16;
const CLIENTS_THAT_GIVE_UP = 4;
const KILLS = 5;
const ELECTION_TIMEOUT_MS_MAX = 1_800;

interface Written {
  readonly title: string;
  /** A later attempt can settle what an earlier one left open. */
  state: 'acknowledged' | 'refused' | 'open';
}

describe('seven replicas, sixteen writing clients, and a leader that is killed five times', () => {
  let cluster: ProcessCluster;

  beforeAll(async () => {
    cluster = await ProcessCluster.create({ size: 7 });
    cluster.startAll();
    await cluster.awaitLeader();
  }, 120_000);

  afterAll(() => cluster.dispose(), 60_000);

  test('loses nothing acknowledged, keeps nothing refused, and is soon led again', async () => {
    const tokens = await Promise.all(
      Array.from({ length: CLIENTS }, (_, client) =>
        register(cluster.origin(client % cluster.size), `writer${client}`),
      ),
    );
    const written: Written[][] = tokens.map(() => []);
    let is_over = false;
    const clients = tokens.map((token, client) => writeUntil(client, token, () => is_over));

    async function writeUntil(client: number, token: string, isOver: () => boolean): Promise<void> {
      for (let count = 0; !isOver(); count += 1) {
        const one: Written = { title: `client ${client} number ${count}`, state: 'open' };
        written[client]?.push(one);
        await write(one, client, count, token, isOver);
      }
    }

    async function write(
      one: Written,
      client: number,
      count: number,
      token: string,
      isOver: () => boolean,
    ): Promise<void> {
      // Some repeat nothing and have no key: their 503 must mean that nothing was done.
      const insists = client >= CLIENTS_THAT_GIVE_UP;
      for (let attempt = 0; one.state === 'open'; attempt += 1) {
        // Over all replicas in turn; a redirect is followed as any client would.
        const position = (client + count + attempt) % cluster.size;
        const answer = await call(cluster.origin(position), 'POST', '/api/appointments', {
          token,
          ...(insists ? { headers: { 'idempotency-key': `${client}-${count}` } } : {}),
          body: { title: one.title, ...hourOf2027(count) },
        }).catch(() => null);
        if (answer?.status === 201) one.state = 'acknowledged';
        else if (answer !== null && answer.status < 500) one.state = 'refused';
        else if (!insists) {
          if (answer?.status === 503) one.state = 'refused';
          return;
        } else if (isOver() && attempt > 50) return;
        else await sleep(20);
      }
    }

    /** A booking over an hour that this client has taken must be refused. */
    async function attemptConflict(client: number): Promise<void> {
      const token = tokens[client] ?? '';
      const answer = await call(cluster.origin(client % 7), 'POST', '/api/appointments', {
        token,
        body: { title: `refused ${client}`, ...hourOf2027(0) },
      }).catch(() => null);
      if (answer !== null && answer.status < 500) expect(answer.status).toBe(409);
    }

    const without_leader_ms: number[] = [];
    for (let kill = 0; kill < KILLS; kill += 1) {
      await sleep(1_000);
      const leader = await cluster.awaitLeader();
      await cluster.kill(leader);
      const killed_at = Date.now();
      await awaitWrite(tokens[kill] ?? '', kill, leader);
      without_leader_ms.push(Date.now() - killed_at);
      await attemptConflict(kill);
      cluster.start(leader);
    }

    /** The first write that any replica acknowledges shows that the cluster is led again. */
    async function awaitWrite(token: string, kill: number, dead: number): Promise<void> {
      for (let attempt = 0; ; attempt += 1) {
        const position = (dead + 1 + (attempt % 6)) % cluster.size;
        const answer = await call(cluster.origin(position), 'POST', '/api/appointments', {
          token,
          headers: { 'idempotency-key': `after-kill-${kill}` },
          body: { title: `after kill ${kill}`, ...hourOf2027(8_000 + kill) },
        }).catch(() => null);
        if (answer?.status === 201) return;
        expect(attempt).toBeLessThan(2_000);
        await sleep(20);
      }
    }

    await sleep(1_000);
    is_over = true;
    await Promise.all(clients);

    const states = await cluster.awaitEqualIndex();
    expect(new Set(states.map((state) => state.digest)).size).toBe(1);

    const acknowledged = written.flat().filter((one) => one.state === 'acknowledged');
    expect(acknowledged.length).toBeGreaterThan(CLIENTS * KILLS);
    for (const position of cluster.positions) {
      for (const [client, token] of tokens.entries()) {
        const titles = await titlesOn(position, token);
        expect(new Set(titles).size).toBe(titles.length);
        const ours = written[client] ?? [];
        for (const one of ours) {
          const count = titles.filter((title) => title === one.title).length;
          if (one.state === 'acknowledged') expect([one.title, count]).toEqual([one.title, 1]);
          if (one.state === 'refused') expect([one.title, count]).toEqual([one.title, 0]);
        }
        expect(titles.filter((title) => title.startsWith('refused'))).toEqual([]);
      }
    }

    const median = without_leader_ms.toSorted((one, other) => one - other)[2];
    console.log(
      `${acknowledged.length} acknowledged; without a leader (ms): ${without_leader_ms.join(', ')}`,
    );
    expect(median).toBeLessThan(2 * ELECTION_TIMEOUT_MS_MAX);
  }, 300_000);

  async function titlesOn(position: number, token: string): Promise<string[]> {
    const answer = await call(
      cluster.origin(position),
      'GET',
      '/api/agenda?start=2027-01-01T00:00:00Z&end=2028-02-01T00:00:00Z&consistency=local',
      { token, timeout_ms: 60_000 },
    );
    expect(answer.status).toBe(200);
    return (answer.body['items'] as { title: string }[]).map((item) => item.title);
  }
});
