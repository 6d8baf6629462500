import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { OperatorClient } from '../../src/cli/operator/client.ts';
import { MEMBERS_PATH, members_answer } from '../../src/discovery/operations/wire.ts';
import { eventually } from '../support/eventually.ts';
import { call, hourOf2027, register } from './api-client.ts';
import { cluster_secret, ProcessCluster } from './process-cluster.ts';
import { awaitOneLeader } from './writing-clients.ts';

/** A leader still counts as heard, so long, who does not answer any more. */
const ELECTION_TIMEOUT_MS = '3000';
const CALL_TIMEOUT_MS = 60_000;

describe('five replicas, and a leader that dies in the middle of a change of the members', () => {
  let cluster: ProcessCluster;
  let client: OperatorClient;
  let token: string;

  beforeAll(async () => {
    cluster = await ProcessCluster.create({
      size: 5,
      environment: () => ({ ELECTION_TIMEOUT_MS }),
    });
    client = new OperatorClient({ secret: cluster_secret, tls: null });
    cluster.startAll();
    token = await register(cluster.origin(await cluster.awaitLeader()), 'booker');
  }, 120_000);

  afterAll(async () => {
    client.close();
    await cluster.dispose();
  }, 60_000);

  function addressOf(position: number): string {
    return `127.0.0.1:${cluster.ports[position]}`;
  }

  async function book(hour: number, position: number): Promise<number> {
    const { status } = await call(cluster.origin(position), 'POST', '/api/appointments', {
      token,
      body: { title: `hour ${hour}`, ...hourOf2027(hour) },
    });
    return status;
  }

  /** Names of the voters in force at a replica: those there will be, and while it is joint those before. */
  async function votersAt(position: number): Promise<{ next: string[]; before: string[] }> {
    const { configuration } = await client.inspect(addressOf(position));
    const namesOf = (members: readonly { node_id: string }[] = []): string[] =>
      members.map(({ node_id }) => node_id).sort();
    return {
      next: namesOf(configuration?.voters),
      before: namesOf(configuration?.outgoing_voters),
    };
  }

  test('scenario 14: the next leader finds the joint configuration in its log, and ends the change', async () => {
    const before = await awaitOneLeader(cluster);
    const leader = cluster.position(before.node_id);
    const [leaving = -1, heir = -1, ...stopped] = cluster.positions.filter((one) => one !== leader);
    const all = cluster.positions.map((one) => cluster.nodeId(one));
    const staying = all.filter((node_id) => node_id !== cluster.nodeId(leaving));
    expect(await book(1, leader)).toBe(201);
    await cluster.awaitEqualIndex();
    const there = await client.inspect(addressOf(leader));
    await cluster.kill(leaving);

    // Two of five get the joint configuration: it is in force there, and cannot be committed.
    for (const position of stopped) cluster.signal(position, 'SIGSTOP');
    const change = { remove: [cluster.nodeId(leaving)] };
    const asked = client
      .call(addressOf(leader), there, MEMBERS_PATH, change, members_answer, CALL_TIMEOUT_MS)
      .then(
        () => 'committed',
        () => 'not known',
      );
    await eventually('the heir has heard of it', async () =>
      (await votersAt(heir)).before.length > 0 ? true : null,
    );
    expect(await votersAt(heir)).toEqual({ next: staying, before: all });
    await cluster.kill(leader);
    expect(await asked).toBe('not known');
    for (const position of stopped) cluster.signal(position, 'SIGCONT');

    // Of the old voters three are left, a majority only with the heir, and its vote gets nobody who lacks the
    // entry. The others may find it in their sockets when they go on.
    const alive = [heir, ...stopped];
    const next = await awaitOneLeader(cluster, alive);
    expect(next.term).toBeGreaterThan(before.term);
    await eventually('the change has ended', async () => {
      const known = await Promise.all(alive.map(votersAt));
      return known.every((voters) => voters.before.length === 0) ? true : null;
    });
    for (const position of alive) expect((await votersAt(position)).next).toEqual(staying);
    expect(await book(2, heir)).toBe(201);

    cluster.start(leader);
    cluster.start(leaving);
    const four = [leader, ...alive];
    const states = await cluster.awaitEqualIndex(four);
    expect(new Set(states.map((state) => state.digest)).size).toBe(1);
    for (const position of four) {
      expect(await votersAt(position)).toEqual({ next: staying, before: [] });
    }
    expect(await book(3, leader)).toBe(201);
  }, 180_000);
});
