import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { call, hourOf2027, register } from './api-client.ts';
import type { Answer } from './api-client.ts';
import { ProcessCluster } from './process-cluster.ts';

/** Two processes on one machine read the same clock; what they print is rounded. */
const ROUNDING_MS = 5;

let cluster: ProcessCluster;
let token: string;
let path: string;

beforeAll(async () => {
  cluster = await ProcessCluster.create({ size: 3 });
  cluster.startAll();
  const leader = await cluster.awaitLeader();
  token = await register(cluster.origin(leader), 'ana');
  const body = { title: '0', ...hourOf2027(1) };
  const created = await call(cluster.origin(leader), 'POST', '/api/appointments', { token, body });
  path = `/api/appointments/${String(created.body['id'])}`;
  await cluster.awaitEqualIndex();
}, 120_000);
afterAll(() => cluster.dispose());

function readLocally(position: number): Promise<Answer> {
  return call(cluster.origin(position), 'GET', `${path}?consistency=local`, { token });
}

/** Milliseconds; null: unknown. */
async function ageOf(position: number): Promise<number | null> {
  const { status, headers } = await readLocally(position);
  expect(status).toBe(200);
  const age = headers.get('agenda-stale-ms');
  if (age === 'unknown') return null;
  expect(age).toMatch(/^\d+$/);
  return Number(age);
}

async function followerOf(leader: number): Promise<number> {
  const follower = cluster.positions.find((position) => position !== leader);
  if (follower === undefined) throw new Error('no follower');
  await eventually('an age', () => ageOf(follower));
  return follower;
}

describe('?consistency=local answers at once with Agenda-Stale-Ms, the age of the applied state', () => {
  test('it grows on a follower that is cut from all others, and falls when they are back', async () => {
    const leader = await cluster.awaitLeader();
    const follower = await followerOf(leader);
    const others = cluster.positions.filter((position) => position !== follower);
    for (const other of others) cluster.signal(other, 'SIGSTOP');
    const cut_at = performance.now();
    for (const pause_ms of [0, 500, 1_000]) {
      await sleep(pause_ms);
      const asked_at = performance.now();
      const age = await ageOf(follower);
      expect(age).toBeGreaterThanOrEqual(asked_at - cut_at - ROUNDING_MS);
    }
    const linearizable = await call(cluster.origin(follower), 'GET', path, { token });
    expect([linearizable.status, linearizable.body['code']]).toEqual([503, 'no_quorum']);
    for (const other of others) cluster.signal(other, 'SIGCONT');
    const back_at = performance.now();
    await eventually('a younger state', async () => {
      const asked_at = performance.now();
      const age = await ageOf(follower);
      return age !== null && age <= asked_at - back_at ? true : null;
    });
  });

  test('it grows on a leader that is cut from the others, which may have another', async () => {
    const leader = await cluster.awaitLeader();
    await eventually('an age', () => ageOf(leader));
    const others = cluster.positions.filter((position) => position !== leader);
    for (const other of others) cluster.signal(other, 'SIGSTOP');
    const cut_at = performance.now();
    await sleep(1_000);
    const asked_at = performance.now();
    expect(await ageOf(leader)).toBeGreaterThanOrEqual(asked_at - cut_at - ROUNDING_MS);
    for (const other of others) cluster.signal(other, 'SIGCONT');
    await cluster.awaitLeader();
  });

  test('what was acknowledged longer ago than the age is there, also at a replica that was stopped', async () => {
    const leader = await cluster.awaitLeader();
    const follower = await followerOf(leader);
    const acknowledged: { number: number; at: number }[] = [];
    const over = new AbortController();
    const writing = (async () => {
      for (let number = 1; !over.signal.aborted; number += 1) {
        const body = { title: String(number) };
        const headers = { 'agenda-routing': 'forward' };
        const options = { token, body, headers };
        const answer = await call(cluster.origin(leader), 'PATCH', path, options);
        if (answer.status === 200) acknowledged.push({ number, at: performance.now() });
      }
    })();
    const stopping = (async () => {
      for (let count = 0; count < 4; count += 1) {
        await sleep(300);
        cluster.signal(follower, 'SIGSTOP');
        await sleep(500);
        cluster.signal(follower, 'SIGCONT');
      }
      over.abort();
    })();
    let judged = 0;
    while (!over.signal.aborted) {
      const asked_at = performance.now();
      const { headers, body } = await readLocally(follower);
      const age = headers.get('agenda-stale-ms');
      if (age === 'unknown' || age === null) continue;
      const as_of = asked_at - Number(age) - ROUNDING_MS;
      const due = acknowledged.findLast((one) => one.at < as_of)?.number ?? 0;
      const { title } = body['appointment'] as { title: string };
      expect(Number(title)).toBeGreaterThanOrEqual(due);
      if (due > 0) judged += 1;
    }
    await Promise.all([writing, stopping]);
    expect(judged).toBeGreaterThan(0);
  });

  test('none since start: unknown, as right after a start without a leader', async () => {
    const leader = await cluster.awaitLeader();
    const follower = await followerOf(leader);
    await Promise.all(cluster.positions.map((position) => cluster.kill(position)));
    cluster.start(follower);
    await eventually('it answers', () => readLocally(follower));
    expect(await ageOf(follower)).toBeNull();
    for (const position of cluster.positions) {
      if (position !== follower) cluster.start(position);
    }
    await eventually('all replicas', () => cluster.awaitEqualIndex());
    await eventually('an age', () => ageOf(follower));
  });
});

describe('Agenda-Index and min_index', () => {
  test('what a write answers can be waited for at every replica, and read there', async () => {
    const leader = await cluster.awaitLeader();
    for (const consistency of ['', '&consistency=local']) {
      const title = `seen${consistency}`;
      const written = await call(cluster.origin(leader), 'PATCH', path, { token, body: { title } });
      const index = written.headers.get('agenda-index');
      for (const position of cluster.positions) {
        const url = `${path}?min_index=${index}${consistency}`;
        const read = await call(cluster.origin(position), 'GET', url, { token });
        expect(read.status).toBe(200);
        expect(read.body['appointment']).toMatchObject({ title });
      }
    }
  });

  test('an index that does not come is 503 index_not_reached, with Retry-After', async () => {
    const leader = await cluster.awaitLeader();
    const url = `${path}?consistency=local&min_index=999999999`;
    const read = await call(cluster.origin(leader), 'GET', url, { token });
    expect([read.status, read.body['code']]).toEqual([503, 'index_not_reached']);
    expect(read.headers.get('retry-after')).toMatch(/^\d+$/);
  });
});
