import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { FakeWallClock, findFakeTime } from '../support/fake-time.ts';
import { eventually } from '../support/eventually.ts';
import { saySkipped } from '../support/say-skipped.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import type { TemporaryDirectory } from '../support/temporary-directory.ts';
import { call, good_password, hourOf2027 } from './api-client.ts';
import { ProcessCluster } from './process-cluster.ts';
import { awaitOneLeader, WritingClients } from './writing-clients.ts';

const library = findFakeTime();
if (library === null) saySkipped('jumps of the clock need libfaketime');

const HOUR_S = 3_600;
/** Several times what a replica that hears nothing waits until it stands. */
const SEVERAL_TIMEOUTS_MS = 4_000;

(library === null ? describe.skip : describe)('the wall clock of the leader jumps', () => {
  let directory: TemporaryDirectory;
  let clocks: readonly FakeWallClock[];
  let cluster: ProcessCluster;
  let writers: WritingClients;

  beforeAll(async () => {
    directory = temporaryDirectory('clocks');
    clocks = [0, 1, 2].map(
      (position) => new FakeWallClock(library ?? '', join(directory.path, String(position))),
    );
    cluster = await ProcessCluster.create({
      size: clocks.length,
      environment: (position) => clocks[position]?.environment ?? {},
    });
    cluster.startAll();
    // A redirect ticket lives for half a minute, so by a clock that is an hour ahead it is over.
    writers = await WritingClients.create(cluster, 2, { 'agenda-routing': 'forward' });
  }, 120_000);

  afterEach(() => writers.stop(), 120_000);

  afterAll(async () => {
    await cluster.dispose();
    directory.remove();
  }, 60_000);

  test('by an hour, forth and back: nobody stands, tokens are good, state time never falls', async () => {
    await writers.start();
    const { node_id, term } = await awaitOneLeader(cluster);
    const leader = cluster.position(node_id);
    const follower = (leader + 1) % cluster.size;
    const created = [await createdAt(leader, 0)];
    for (const [jump, offset_s] of [HOUR_S, -HOUR_S, 0].entries()) {
      clocks[leader]?.jumpTo(offset_s);
      await awaitJump(offset_s);
      await sleep(SEVERAL_TIMEOUTS_MS);
      await writers.awaitProgress();
      const state = await awaitOneLeader(cluster);
      expect([state.node_id, state.term]).toEqual([node_id, term]);
      for (const issuer of [leader, follower]) {
        const token = await logIn(issuer);
        for (const position of cluster.positions) {
          const me = await call(cluster.origin(position), 'GET', '/api/me', { token });
          expect([issuer, position, me.status]).toEqual([issuer, position, 200]);
        }
      }
      created.push(await createdAt(leader, 2 * jump + 1), await createdAt(follower, 2 * jump + 2));
    }
    // The first write after the jump has the time of who was an hour ahead, and so has all that follows.
    expect((created[1] ?? 0) - (created[0] ?? 0)).toBeGreaterThan(0.9 * HOUR_S * 1000);
    expect(created).toEqual(created.toSorted((one, other) => one - other));
    await writers.stopAndCheck();

    /** By what the replica says in the header field `Date`. */
    async function awaitJump(offset_s: number): Promise<void> {
      await eventually('the clock jumps', async () => {
        const { headers } = await cluster.get(leader, '/livez');
        const off_ms = Date.parse(headers.get('date') ?? '') - Date.now();
        return Math.abs(off_ms - offset_s * 1000) < 60_000 ? true : null;
      });
    }
  }, 180_000);

  async function logIn(position: number): Promise<string> {
    const answer = await call(cluster.origin(position), 'POST', '/login', {
      body: { username: 'writer0', password: good_password },
    });
    expect(answer.status).toBe(200);
    return String(answer.body['token']);
  }

  /** Of a new appointment, milliseconds since 1970. */
  async function createdAt(position: number, count: number): Promise<number> {
    const answer = await call(cluster.origin(position), 'POST', '/api/appointments', {
      token: writers.token,
      headers: { 'agenda-routing': 'forward' },
      body: { title: `jump ${count}`, ...hourOf2027(9_000 + count) },
    });
    expect(answer.status).toBe(201);
    return Date.parse(String(answer.body['created_at']));
  }
});
