import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { agenda } from './agenda-command.ts';
import { call, hourOf2027, register } from './api-client.ts';
import { audit_token, ProcessCluster } from './process-cluster.ts';

const SNAPSHOT_ENTRIES = 200;
const CLIENTS = 32;
const APPOINTMENTS = 2_000;
const NEWCOMER = 3;

interface LogSummary {
  readonly first_index: number;
  readonly snapshot_index: number;
}

describe('a fourth replica comes to three whose logs are cut', () => {
  let cluster: ProcessCluster;
  let tokens: readonly string[];
  /** Booked by each client. */
  let hours: number[];
  let unexpected: { readonly status: number; readonly body: unknown }[];

  beforeAll(async () => {
    cluster = await ProcessCluster.create({
      size: 3,
      newcomers: 1,
      environment: () => ({ SNAPSHOT_ENTRIES: String(SNAPSHOT_ENTRIES) }),
    });
    cluster.startAll();
    const leader = await cluster.awaitLeader();
    tokens = await Promise.all(
      Array.from({ length: CLIENTS }, (_, client) =>
        register(cluster.origin(leader), `writer${client}`),
      ),
    );
    hours = tokens.map(() => 0);
    unexpected = [];
  }, 120_000);

  afterAll(() => cluster.dispose(), 60_000);

  /** Each client books one hour after the other, at the first three in turn, and never again what failed. */
  async function bookWhile(goesOn: () => boolean): Promise<void> {
    await Promise.all(
      tokens.map(async (token, client) => {
        while (goesOn()) {
          const hour = hours[client] ?? 0;
          hours[client] = hour + 1;
          const origin = cluster.origin((client + hour) % cluster.size);
          const { status, body } = await call(origin, 'POST', '/api/appointments', {
            token,
            body: { title: `hour ${hour}`, ...hourOf2027(hour) },
          }).catch((error: unknown) => ({ status: 0, body: String(error) }));
          if (status !== 201) unexpected.push({ status, body });
        }
      }),
    );
  }

  function booked(): number {
    return hours.reduce((sum, count) => sum + count, 0);
  }

  async function logSummary(position: number): Promise<LogSummary> {
    const headers = { 'x-audit-token': audit_token };
    const response = await cluster.get(position, '/raft/log/summary', headers);
    return (await response.json()) as LogSummary;
  }

  async function awaitWrites(): Promise<void> {
    const goal = booked() + 2 * CLIENTS;
    await eventually('writes go on', () => (booked() >= goal ? true : null));
  }

  async function become(what: 'learners' | 'voters'): Promise<void> {
    await eventually(`the newcomer is among the ${what}`, async () => {
      const { [what]: members } = await cluster.raftState(await cluster.awaitLeader());
      return members.includes(cluster.nodeId(NEWCOMER)) ? true : null;
    });
  }

  test('it gets a snapshot, learns, and votes when asked for, and no write fails of it', async () => {
    await bookWhile(() => booked() < APPOINTMENTS);
    expect(unexpected).toEqual([]);
    const leader = await cluster.awaitLeader();
    await eventually('the log is cut', async () =>
      (await logSummary(leader)).first_index > 1 ? true : null,
    );

    let is_over = false;
    const writing = bookWhile(() => !is_over);
    try {
      cluster.start(NEWCOMER);
      await become('learners');
      await eventually('it has a snapshot', () =>
        cluster.log(NEWCOMER).includes('a snapshot was installed') ? true : null,
      );
      await awaitWrites();
      const before = await cluster.raftState(leader);
      expect([before.voters.length, before.learners]).toEqual([3, [cluster.nodeId(NEWCOMER)]]);

      const at = `127.0.0.1:${cluster.ports[0]}`;
      const { code, stderr } = await agenda(['member', 'target', '4', '--at', at]);
      expect([code, stderr]).toEqual([0, '']);
      await become('voters');
      await awaitWrites();
    } finally {
      is_over = true;
      await writing;
    }
    expect(unexpected).toEqual([]);
    const { first_index, snapshot_index } = await logSummary(NEWCOMER);
    expect(snapshot_index).toBeGreaterThan(0);
    expect(first_index).toBe(snapshot_index + 1);

    const states = await cluster.awaitEqualIndex([...cluster.positions, NEWCOMER]);
    expect(new Set(states.map((state) => state.digest)).size).toBe(1);
    for (const { voters, learners } of states) {
      expect([voters.length, learners]).toEqual([4, []]);
    }
  }, 120_000);

  test('and it serves every booking', async () => {
    for (const [client, token] of tokens.entries()) {
      const answer = await call(
        cluster.origin(NEWCOMER),
        'GET',
        '/api/agenda?start=2027-01-01T00:00:00Z&end=2029-01-01T00:00:00Z',
        { token },
      );
      expect([answer.status, (answer.body['items'] as unknown[]).length]).toEqual([
        200,
        hours[client],
      ]);
    }
  }, 60_000);
});
