import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../support/eventually.ts';
import { LiveClient } from '../support/live-client.ts';
import { call, good_password, hourOf2027, register } from './api-client.ts';
import { ProcessCluster } from './process-cluster.ts';

let cluster: ProcessCluster;

beforeAll(async () => {
  cluster = await ProcessCluster.create({ size: 3 });
  cluster.startAll();
  await cluster.awaitLeader();
}, 120_000);
afterAll(() => cluster.dispose(), 60_000);

/** The ticket is one of any replica that answers. */
async function connect(token: string, position: number): Promise<LiveClient> {
  return eventually(`a WebSocket at ${cluster.nodeId(position)}`, async () => {
    for (const one of cluster.positions.filter((other) => cluster.isRunning(other))) {
      const answer = await call(cluster.origin(one), 'POST', '/api/ws-ticket', { token });
      if (answer.status !== 200) continue;
      const protocols = ['agenda.v1', `ticket.${String(answer.body['ticket'])}`];
      return LiveClient.connect(cluster.origin(position), protocols);
    }
    return null;
  });
}

async function follow(token: string, position: number, after?: string): Promise<LiveClient> {
  const client = await connect(token, position);
  client.say({ type: 'subscribe', channels: ['me'], ...(after === undefined ? {} : { after }) });
  await client.next('subscribed');
  return client;
}

async function book(token: string, position: number, hour: number): Promise<string> {
  const headers = { 'agenda-routing': 'forward', 'idempotency-key': `book-${hour}` };
  const body = { title: `Hour ${hour}`, ...hourOf2027(hour) };
  const answer = await call(cluster.origin(position), 'POST', '/api/appointments', {
    token,
    body,
    headers,
  });
  if (answer.status !== 201) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
  return String(answer.body['id']);
}

/** Books without a pause until it is stopped; resolves to the ids of what was booked, in order. */
function keepBooking(token: string, first_hour: number): () => Promise<readonly string[]> {
  const ids: string[] = [];
  const over = new AbortController();
  const writing = (async () => {
    for (let hour = first_hour; !over.signal.aborted; hour += 1) {
      ids.push(
        await eventually(`hour ${hour} at one of them`, () => {
          const running = cluster.positions.filter((position) => cluster.isRunning(position));
          return book(token, running[hour % running.length] ?? 0, hour);
        }),
      );
    }
  })();
  return async () => {
    over.abort();
    await writing;
    return ids;
  };
}

test('what a person does at one replica is told at the others', async () => {
  const token = await register(cluster.origin(0), 'ana');
  const clients = await Promise.all(cluster.positions.map((position) => follow(token, position)));
  const id = await book(token, 0, 1);
  for (const client of clients) {
    const event = await client.next('event');
    expect(event.event).toEqual({ kind: 'appointment.created', id, version: 1 });
  }
  const cursors = clients.map((client) => client.cursor);
  expect(new Set(cursors).size).toBe(1);
  for (const client of clients) client.end();
}, 120_000);

test('who loses their replica goes on at another with the cursor: each event once, in order', async () => {
  const token = await register(cluster.origin(0), 'ben');
  const stop = keepBooking(token, 1_000);
  const told: string[] = [];
  let cursor: string | undefined;
  let moves = 0;
  for (let position = 0; position < 6; position += 1) {
    const at = position % cluster.size;
    const client = await follow(token, at, cursor);
    await client.next('event', 5);
    // As a crash would: in the middle of whatever is under way.
    await cluster.kill(at);
    await client.closed();
    expect(client.close_code).toBe(1006);
    expect(client.of('resync')).toEqual([]);
    told.push(...client.told('me'));
    cursor = client.cursor;
    moves += 1;
    cluster.start(at);
    await cluster.awaitLeader();
  }
  const booked = await stop();
  const last = await follow(token, 1, cursor);
  const due = booked.map((id) => `appointment.created ${id} 1`);
  const missing = (): boolean => told.length + last.told('me').length < due.length;
  await eventually('all events', () => (missing() ? null : true));
  // Nothing comes twice, later.
  await book(token, 0, 999);
  await eventually('the last one', () =>
    told.length + last.told('me').length > due.length ? true : null,
  );
  const all = [...told, ...last.told('me')].slice(0, -1);
  const begins = due.indexOf(all[0] ?? '');
  expect(moves).toBe(6);
  expect(all).toEqual(due.slice(begins));
  last.end();
}, 300_000);

test('a replica that is stopped says goodbye with 1012', async () => {
  const token = await register(cluster.origin(0), 'carla');
  const leader = await cluster.awaitLeader();
  for (const position of [(leader + 1) % cluster.size, leader]) {
    const client = await follow(token, position);
    expect(await cluster.kill(position, 'SIGTERM')).toBe(0);
    expect(await client.closed()).toBe(1012);
    const other = cluster.positions.find((one) => one !== position) ?? 0;
    const again = await follow(token, other, client.cursor);
    expect(again.of('resync')).toEqual([]);
    again.end();
    cluster.start(position);
    await cluster.awaitEqualIndex();
  }
}, 180_000);

test('the end of a session closes what was opened with it, at every replica', async () => {
  const token = await register(cluster.origin(0), 'dora');
  const clients = await Promise.all(cluster.positions.map((position) => follow(token, position)));
  const headers = { 'agenda-routing': 'forward' };
  const out = await call(cluster.origin(1), 'POST', '/api/auth/logout', { token, headers });
  expect(out.status).toBe(204);
  expect(await Promise.all(clients.map((client) => client.closed()))).toEqual([4401, 4401, 4401]);
  const body = { username: 'dora', password: good_password };
  const login = await call(cluster.origin(2), 'POST', '/login', { body });
  const fresh = await follow(String(login.body['token']), 2);
  await sleep(100);
  expect(fresh.close_code).toBeNull();
  fresh.end();
}, 120_000);

test('who leads is told when it changes', async () => {
  const token = await register(cluster.origin(0), 'eva');
  const leader = await cluster.awaitLeader();
  const position = (leader + 1) % cluster.size;
  const client = await follow(token, position);
  await cluster.kill(leader, 'SIGTERM');
  const next = await eventually('the news of a leader', () => {
    const news = client.of('leader').at(-1);
    const is_other = news?.leader_id !== null && news?.leader_id !== cluster.nodeId(leader);
    return news !== undefined && is_other ? news : null;
  });
  expect((await cluster.raftState(position)).leader_id).toBe(next.leader_id);
  await client.next('replicas');
  cluster.start(leader);
  client.end();
  await cluster.awaitEqualIndex();
}, 120_000);

test('tickets are in no log', () => {
  for (const position of cluster.positions) {
    expect(cluster.log(position)).not.toMatch(/ticket\.[\w-]{20}/);
  }
});
