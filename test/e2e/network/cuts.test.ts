import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../../support/eventually.ts';
import { saySkipped } from '../../support/say-skipped.ts';
import { call, hourOf2027 } from '../api-client.ts';
import type { ProcessCluster } from '../process-cluster.ts';
import { awaitOneLeader, WritingClients } from '../writing-clients.ts';
import { startNamespaceCluster } from './namespace-cluster.ts';
import type { NamespaceCluster } from './namespace-cluster.ts';
import { whyNoNamespaces } from './namespace-network.ts';
import type { NamespaceNetwork } from './namespace-network.ts';

const obstacle = whyNoNamespaces();
if (obstacle !== null) saySkipped(`cuts between real processes: ${obstacle}`);

/** Several times what a replica that hears nothing waits until it stands. */
const SEVERAL_TIMEOUTS_MS = 4_000;
const AGENDA = '/api/agenda?start=2027-01-01T00:00:00Z&end=2027-02-01T00:00:00Z';

(obstacle === null ? describe : describe.skip)('network: five replicas and a load', () => {
  let running: NamespaceCluster;
  let cluster: ProcessCluster;
  let network: NamespaceNetwork;
  let writers: WritingClients;

  beforeAll(async () => {
    running = await startNamespaceCluster(5);
    ({ cluster, network } = running);
    writers = await WritingClients.create(cluster);
  }, 120_000);

  afterEach(async () => {
    network.mend();
    await writers.stop();
  }, 120_000);

  afterAll(() => running.dispose(), 60_000);

  /** Begins the load, and tells who leads. */
  async function load(): Promise<number> {
    await writers.start();
    return cluster.position((await awaitOneLeader(cluster)).node_id);
  }

  function othersThan(...positions: readonly number[]): number[] {
    return cluster.positions.filter((position) => !positions.includes(position));
  }

  async function roleOf(position: number): Promise<string> {
    return (await cluster.raftState(position)).role;
  }

  async function termOf(position: number): Promise<number> {
    return (await cluster.raftState(position)).term;
  }

  /** The others have another leader, the old one does not lead any more, and writes go on. */
  async function awaitSuccessorOf(leader: number): Promise<void> {
    await eventually('another leader', async () => {
      const states = await Promise.all(
        othersThan(leader).map((position) => cluster.raftState(position)),
      );
      const named = states.map((state) => state.leader_id);
      const agree = new Set(named).size === 1 && named[0] !== null;
      return agree && named[0] !== cluster.nodeId(leader) ? true : null;
    });
    await eventually('the old leader steps down', async () =>
      (await roleOf(leader)) === 'leader' ? null : true,
    );
    await writers.awaitProgress();
  }

  async function expectNoElection(term: number, positions: readonly number[]): Promise<void> {
    for (const position of positions) expect(await termOf(position)).toBe(term);
  }

  test('network: what is cut is lost, and nothing else', async () => {
    network.cut(0, 1);
    network.cut(2, 3, 'requests');
    const pairs = [
      [0, 1],
      [1, 0],
      [2, 3],
      [3, 2],
      [0, 2],
      [1, 3],
    ] as const;
    const connects = await Promise.all(pairs.map(([from, to]) => network.connects(from, to)));
    // A connection needs packets both ways.
    expect(connects).toEqual([false, false, false, true, true, true]);
    network.mend();
    const mended = await Promise.all(pairs.map(([from, to]) => network.connects(from, to)));
    expect(mended).toEqual(pairs.map(() => true));
  }, 60_000);

  test('network: the leader cut from all others, both ways', async () => {
    const leader = await load();
    for (const other of othersThan(leader)) network.cutBoth(leader, other);
    await awaitSuccessorOf(leader);
    const read = await call(cluster.origin(leader), 'GET', AGENDA, { token: writers.token });
    expect([read.status, read.body['code']]).toEqual([503, 'no_quorum']);
    network.mend();
    await writers.stopAndCheck();
  }, 120_000);

  test('network: nothing that the leader sends arrives', async () => {
    const leader = await load();
    for (const other of othersThan(leader)) network.cut(leader, other);
    await awaitSuccessorOf(leader);
    network.mend();
    await writers.stopAndCheck();
  }, 120_000);

  test('network: nothing arrives at the leader, which steps down by itself', async () => {
    const leader = await load();
    for (const other of othersThan(leader)) network.cut(other, leader);
    await awaitSuccessorOf(leader);
    network.mend();
    await writers.stopAndCheck();
  }, 120_000);

  test('network: no request of the leader arrives, those of the others are answered', async () => {
    const leader = await load();
    for (const other of othersThan(leader)) network.cut(leader, other, 'requests');
    await awaitSuccessorOf(leader);
    network.mend();
    await writers.stopAndCheck();
  }, 120_000);

  test('network: no request arrives at the leader, whose own are answered: it leads on', async () => {
    const leader = await load();
    const term = await termOf(leader);
    for (const other of othersThan(leader)) network.cut(other, leader, 'requests');
    await sleep(SEVERAL_TIMEOUTS_MS);
    // A client that follows a redirect reaches the leader, which others cannot hand a write to.
    await writers.awaitProgress();
    const [other = 0] = othersThan(leader);
    const forwarded = await call(cluster.origin(other), 'POST', '/api/appointments', {
      token: writers.token,
      headers: { 'agenda-routing': 'forward' },
      body: { title: 'handed over', ...hourOf2027(5_000) },
    });
    expect([503, 504]).toContain(forwarded.status);
    await expectNoElection(term, cluster.positions);
    network.mend();
    await writers.stopAndCheck();
  }, 120_000);

  test('network: a follower that hears no request but can send its own disturbs nobody', async () => {
    const leader = await load();
    const term = await termOf(leader);
    const [deaf = 0] = othersThan(leader);
    for (const other of othersThan(deaf)) network.cut(other, deaf, 'requests');
    await eventually('it misses its leader', async () => {
      const { leader_id } = await cluster.raftState(deaf);
      return leader_id === null ? true : null;
    });
    await sleep(SEVERAL_TIMEOUTS_MS);
    await writers.awaitProgress();
    // Its own term as well: it asks for votes before the term, and gets none.
    await expectNoElection(term, cluster.positions);
    network.mend();
    await writers.stopAndCheck();
    await expectNoElection(term, cluster.positions);
  }, 120_000);

  test('network: packets from one follower to another are lost: nobody stands', async () => {
    const leader = await load();
    const term = await termOf(leader);
    const [one = 0, other = 0] = othersThan(leader);
    network.cut(one, other);
    await sleep(SEVERAL_TIMEOUTS_MS);
    await writers.awaitProgress();
    await expectNoElection(term, cluster.positions);
    network.mend();
    await writers.stopAndCheck();
  }, 120_000);

  test('network: two halves, neither a majority, heal', async () => {
    const leader = await load();
    const [one = 0, two = 0, three = 0, apart = 0] = othersThan(leader);
    network.partition([[leader, one], [two, three], [apart]]);
    await eventually('nobody leads', async () => {
      const roles = await Promise.all(cluster.positions.map((position) => roleOf(position)));
      return roles.includes('leader') ? null : true;
    });
    const before = writers.acknowledged;
    await sleep(SEVERAL_TIMEOUTS_MS / 2);
    expect(writers.acknowledged).toBe(before);
    network.mend();
    await writers.awaitProgress();
    await writers.stopAndCheck();
  }, 120_000);
});
