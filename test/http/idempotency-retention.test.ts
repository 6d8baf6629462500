import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import { limits } from '../../src/limits.ts';
import type { AgendaStore, RequestStore } from '../../src/replica/agenda-store.ts';
import { openAgendaStore } from '../../src/storage/agenda-store.ts';
import type { SqliteAgendaStore } from '../../src/storage/agenda-store.ts';
import { STORAGE_ID, storePorts } from '../support/agenda-fixture.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { FakeApis, meeting } from './api-fixture.ts';
import type { Reply } from './api-fixture.ts';
import { MachineReplica } from './machine-replica.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const TEN_DAYS_S = 10 * 24 * 60 * 60;

const directory = temporaryDirectory('idempotency-retention');
afterAll(directory.remove);

let apis: FakeApis;
let store: SqliteAgendaStore;
let token: string;
afterEach(async () => {
  await apis.stop();
  store.close();
});

/** `pretended`: what the store says of its request keys instead of the truth. */
async function start(pretended: Partial<RequestStore> = {}): Promise<void> {
  const path = join(mkdtempSync(join(directory.path, 'state-')), 'agenda.db');
  ({ store } = openAgendaStore({ path, storage_id: STORAGE_ID }));
  const ports: AgendaStore = {
    ...storePorts(store),
    requests: { ...store.requests, ...pretended },
  };
  apis = await FakeApis.start(1, {
    replica: new MachineReplica(ports),
    token_ttl_s: TEN_DAYS_S,
  });
  token = await apis.register('ana');
}

function book(hour: number, key?: string): Promise<Reply> {
  const headers: Record<string, string> = key === undefined ? {} : { 'idempotency-key': key };
  return apis.call('POST', '/api/appointments', { token, body: meeting(hour), headers });
}

const outcome = ({ status, headers, body }: Reply) => [
  status,
  headers.get('idempotency-replayed'),
  body['code'],
];
const DONE = [201, null, undefined];
const REPLAYED = [201, 'true', undefined];
/** Judged anew, it meets what it made itself. */
const JUDGED_ANEW = [409, null, 'conflict'];

describe('Idempotency-Key is kept 24 hours of state time and at most a million, pruned in apply', () => {
  test('for 24 hours the first answer comes again; then the key is judged anew', async () => {
    await start();
    const first = await book(9, 'k');
    expect(outcome(first)).toEqual(DONE);
    apis.clock_offset_ms = 24 * HOUR_MS - MINUTE_MS;
    const again = await book(9, 'k');
    expect([outcome(again), again.text]).toEqual([REPLAYED, first.text]);
    apis.clock_offset_ms = 24 * HOUR_MS;
    expect(outcome(await book(9, 'k'))).toEqual(JUDGED_ANEW);
    // The refusal was not remembered, so the key is free for another body.
    expect(outcome(await book(11, 'k'))).toEqual(DONE);
  });

  test('24 hours of state time: a clock that is behind does not bring a key back', async () => {
    await start();
    await book(9, 'k');
    apis.clock_offset_ms = 24 * HOUR_MS;
    await book(10);
    apis.clock_offset_ms = 0;
    expect(outcome(await book(9, 'k'))).toEqual(JUDGED_ANEW);
  });

  test('pruned in apply, by whichever command comes next', async () => {
    await start();
    for (const hour of [9, 10, 11]) await book(hour, `k${hour}`);
    await book(12);
    expect(store.requests.count()).toBe(3);
    apis.clock_offset_ms = 24 * HOUR_MS;
    await apis.call('GET', '/api/me', { token });
    expect(store.requests.count()).toBe(3);
    await book(13);
    expect(store.requests.count()).toBe(0);
  });

  test('at most a million: beyond, the key that would be forgotten first goes', async () => {
    expect(limits.request_keys_max).toBe(1_000_000);
    // As if there were many more.
    await start({ count: () => 999_998 });
    await book(9, 'first');
    await book(10, 'second');
    expect(outcome(await book(9, 'first'))).toEqual(REPLAYED);
    await book(11, 'third');
    expect(outcome(await book(9, 'first'))).toEqual(JUDGED_ANEW);
    expect(outcome(await book(10, 'second'))).toEqual(REPLAYED);
    expect(outcome(await book(11, 'third'))).toEqual(REPLAYED);
  });

  test('256 MiB in all: beyond, the key that would be forgotten first goes', async () => {
    await start({ bytes: () => limits.stored_answers_bytes_max - limits.stored_answer_bytes_max });
    await book(9, 'first');
    expect(outcome(await book(9, 'first'))).toEqual(REPLAYED);
    await book(10, 'second');
    expect(outcome(await book(9, 'first'))).toEqual(JUDGED_ANEW);
    expect(outcome(await book(10, 'second'))).toEqual(REPLAYED);
  });

  test('without key or ticket nothing is stored, nor is a refusal', async () => {
    await start();
    await book(9);
    expect(outcome(await book(9, 'k'))).toEqual(JUDGED_ANEW);
    expect(store.requests.count()).toBe(0);
    await book(10, 'k');
    expect(store.requests.count()).toBe(1);
  });
});

test('whether an objection was new is as it was at first, for as long as the key is kept', async () => {
  await start();
  const ben = await apis.register('ben');
  const invited = meeting(9, { participants: [{ username: 'ben' }] });
  const made = await apis.call('POST', '/api/appointments', { token, body: invited });
  const path = `${String(made.headers.get('location'))}/objection`;
  const object = async (key: string): Promise<unknown[]> => {
    const headers = { 'idempotency-key': key };
    const reply = await apis.call('POST', path, { token: ben, body: { note: 'No' }, headers });
    return [reply.status, reply.headers.has('location'), reply.headers.get('idempotency-replayed')];
  };
  expect(await object('first')).toEqual([201, true, null]);
  expect(await object('second')).toEqual([200, false, null]);
  expect(await object('first')).toEqual([201, true, 'true']);
  expect(await object('second')).toEqual([200, false, 'true']);
  apis.clock_offset_ms = 24 * HOUR_MS;
  expect(await object('first')).toEqual([200, false, null]);
});
