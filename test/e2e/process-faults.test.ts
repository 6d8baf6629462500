import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { seededPrng } from '../../src/base/prng.ts';
import { compileDiskShim, diskShimEnvironment } from '../support/disk-shim.ts';
import { eventually } from '../support/eventually.ts';
import { saySkipped } from '../support/say-skipped.ts';
import { call, hourOf2027 } from './api-client.ts';
import { ProcessCluster } from './process-cluster.ts';
import { awaitOneLeader, WritingClients } from './writing-clients.ts';

const KILLS = 20;
/** At most so many of the five are down at the same time. */
const KILLERS = 2;
const SLOW_SYNC_MS = 300;

const shim = compileDiskShim();
if (shim === null) saySkipped('a slow disk needs a C compiler');

describe('five replicas and a load', () => {
  let cluster: ProcessCluster;
  let writers: WritingClients;

  beforeAll(async () => {
    cluster = await ProcessCluster.create({ size: 5 });
    cluster.startAll();
    writers = await WritingClients.create(cluster);
  }, 120_000);

  afterEach(async () => {
    for (const position of cluster.positions) cluster.signal(position, 'SIGCONT');
    await writers.stop();
  }, 120_000);

  afterAll(() => cluster.dispose(), 60_000);

  function othersThan(position: number): number[] {
    return cluster.positions.filter((one) => one !== position);
  }

  async function awaitSuccessorOf(leader: number): Promise<number> {
    return eventually('another leader', async () => {
      const states = await Promise.all(othersThan(leader).map((one) => cluster.raftState(one)));
      const found = states.find((state) => state.role === 'leader');
      if (found === undefined) return null;
      const agree = states.every((state) => state.leader_id === found.node_id);
      return agree ? cluster.position(found.node_id) : null;
    });
  }

  test('the leader stopped beyond its term: what it finds when it wakes is neither stale nor lost', async () => {
    const { token } = writers;
    const created = await eventually('an appointment', async () => {
      const body = { title: 'before', ...hourOf2027(9_000) };
      const answer = await call(cluster.origin(0), 'POST', '/api/appointments', {
        token,
        headers: { 'idempotency-key': 'stopped' },
        body,
      });
      return answer.status === 201 ? answer : null;
    });
    const path = `/api/appointments/${String(created.body['id'])}`;
    await writers.start();
    const leader = cluster.position((await awaitOneLeader(cluster)).node_id);

    cluster.signal(leader, 'SIGSTOP');
    // These wait in its sockets; it finds them when it believes that it leads.
    const booking = book(leader, 'while stopped');
    const successor = await awaitSuccessorOf(leader);
    const changed = await call(cluster.origin(successor), 'PATCH', path, {
      token,
      body: { title: 'after' },
    });
    expect(changed.status).toBe(200);
    const reads = Array.from({ length: 4 }, () =>
      call(cluster.origin(leader), 'GET', path, { token, timeout_ms: 60_000 }),
    );
    await writers.awaitProgress();
    cluster.signal(leader, 'SIGCONT');

    let answered = 0;
    for (const read of await Promise.all(reads)) {
      if (read.status === 200) {
        answered += 1;
        expect(read.body['appointment']).toMatchObject({ title: 'after' });
      } else expect(read.status).toBe(503);
    }
    const first = await booking;
    expect([201, 503, 504]).toContain(first.status);
    const kept = await isKept('while stopped');
    if (first.status === 201) expect(kept).toBe(true);
    if (first.status === 503) expect(kept).toBe(false);
    // With its key it can be sent again, whatever became of it.
    const again = await eventually('the booking', async () => {
      const answer = await book(leader, 'while stopped');
      return answer.status === 201 ? answer : null;
    });
    if (first.status === 201) expect(again.body['id']).toBe(first.body['id']);
    await writers.stopAndCheck();
    expect(await isKept('while stopped')).toBe(true);
    console.log(`woken, it answered the booking with ${first.status} and ${answered} of 4 reads`);

    function book(position: number, title: string): ReturnType<typeof call> {
      return call(cluster.origin(position), 'POST', '/api/appointments', {
        token,
        headers: { 'idempotency-key': title, 'agenda-routing': 'forward' },
        body: { title, ...hourOf2027(9_001) },
        timeout_ms: 60_000,
      });
    }

    /** By a linearizable read, once. */
    async function isKept(title: string): Promise<boolean> {
      const answer = await eventually('a read', async () => {
        const read = await call(
          cluster.origin(successor),
          'GET',
          '/api/agenda?start=2028-01-01T00:00:00Z&end=2029-01-01T00:00:00Z',
          { token },
        );
        return read.status === 200 ? read : null;
      });
      const found = (answer.body['items'] as { title: string }[]).filter(
        (item) => item.title === title,
      );
      expect(found.length).toBeLessThanOrEqual(1);
      return found.length === 1;
    }
  }, 180_000);

  test(`kill -9 in a loop, ${KILLS} times`, async () => {
    const seed = Number(process.env['KILL_SEED'] ?? Date.now() % 1_000_000);
    console.log(`replay the schedule of kills with KILL_SEED=${seed}`);
    const prng = seededPrng(seed);
    const down = new Set<number>();
    let kills = 0;
    await writers.start();
    await Promise.all(Array.from({ length: KILLERS }, () => killInALoop()));
    expect(kills).toBe(KILLS);
    await writers.awaitProgress();
    await writers.stopAndCheck();

    async function killInALoop(): Promise<void> {
      while (kills < KILLS) {
        kills += 1;
        const victim = await chooseVictim();
        down.add(victim);
        await cluster.kill(victim);
        await sleep(prng.below(500));
        cluster.start(victim);
        await eventually('it is back', () => cluster.raftState(victim));
        down.delete(victim);
        await sleep(prng.below(500));
      }
    }

    /** Every other time the leader, if one is known. */
    async function chooseVictim(): Promise<number> {
      const wants_leader = prng.below(2) === 0;
      const dice = prng.below(1_000);
      const states = wants_leader
        ? await Promise.allSettled(cluster.positions.map((one) => cluster.raftState(one)))
        : [];
      const candidates = cluster.positions.filter((position) => !down.has(position));
      const leader = states.findIndex(
        (state) => state.status === 'fulfilled' && state.value.role === 'leader',
      );
      if (candidates.includes(leader)) return leader;
      return candidates[dice % candidates.length] ?? 0;
    }
  }, 240_000);

  (shim === null ? test.skip : test)(
    'a leader with a slow disk, and a follower with another',
    async () => {
      // All others wait long until they stand, so that the slow one leads.
      const slow = 0;
      await Promise.all(cluster.positions.map((position) => cluster.kill(position)));
      for (const position of cluster.positions) {
        cluster.start(position, {
          ...(position <= 1 ? slowDisk(position) : {}),
          ...(position === slow
            ? { ELECTION_TIMEOUT_MS: '1000' }
            : { ELECTION_TIMEOUT_MS: '5000', HEARTBEAT_MS: '150' }),
        });
      }
      await eventually('the slow one leads', async () => {
        const leader = await cluster.awaitLeader();
        if (leader === slow) return true;
        await cluster.kill(leader);
        cluster.start(leader, { ELECTION_TIMEOUT_MS: '5000' });
        return null;
      });
      await writers.start();
      await writers.awaitProgress(20);
      // Nothing that it has answered was on its own disk only.
      await cluster.kill(slow);
      await writers.awaitProgress();
      cluster.start(slow, slowDisk(slow));
      await eventually('it is back', () => cluster.raftState(slow));
      await writers.awaitProgress();
      await writers.stopAndCheck();
    },
    180_000,
  );

  /** Every sync takes this much longer. */
  function slowDisk(position: number): Record<string, string> {
    const root = cluster.dataDirectory(position);
    return {
      ...diskShimEnvironment({ root, shadow: '', log: '' }),
      DISK_SHIM_DELAY_MS: String(SLOW_SYNC_MS),
    };
  }
});
