import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { FakeApis } from './api-fixture.ts';

let apis: FakeApis;
let token: string;

beforeEach(async () => {
  apis = await FakeApis.start(1);
  token = await apis.register('ana');
});
afterEach(() => apis.stop());

test('a read is linearizable: without a majority it is 503 no_quorum', async () => {
  const { replica } = apis.node(0);
  let barriers = 0;
  replica.onBarrier = () => void (barriers += 1);
  const reply = await apis.call('GET', '/api/me', { token });
  expect([reply.status, barriers]).toEqual([200, 1]);
  expect(reply.headers.get('agenda-stale-ms')).toBeNull();

  replica.has_quorum = false;
  const refused = await apis.call('GET', '/api/me', { token });
  expect([refused.status, refused.body['code']]).toEqual([503, 'no_quorum']);
  expect(refused.headers.get('retry-after')).not.toBeNull();
});

test('a local read answers without a majority and says how old it may be', async () => {
  const { replica } = apis.node(0);
  replica.has_quorum = false;
  replica.stale_ms = 41.2;
  const reply = await apis.call('GET', '/api/me?consistency=local', { token });
  expect([reply.status, reply.headers.get('agenda-stale-ms')]).toEqual([200, '42']);
  replica.stale_ms = null;
  const unknown = await apis.call('GET', '/api/me?consistency=local', { token });
  expect(unknown.headers.get('agenda-stale-ms')).toBe('unknown');
});

test('min_index waits until the replica has it, at most 5 s', async () => {
  const { replica } = apis.node(0);
  const waits: [number, number][] = [];
  replica.waitForIndex = (index, timeout_ms = 0) => {
    waits.push([index, timeout_ms]);
    replica.applied_index = null;
    return Promise.resolve(true);
  };
  replica.applied_index = 1;
  const { index } = apis.state;
  const reply = await apis.call('GET', `/api/me?consistency=local&min_index=${index}`, { token });
  expect(reply.status).toBe(200);
  const [[waited_for, timeout_ms] = []] = waits;
  expect(waited_for).toBe(index);
  expect(timeout_ms).toBeGreaterThan(0);
  expect(timeout_ms).toBeLessThanOrEqual(5_000);
});

test('min_index waits for what a write answered; beyond the replica it is index_not_reached', async () => {
  const { index } = apis.state;
  const here = await apis.call('GET', `/api/me?consistency=local&min_index=${index}`, { token });
  expect(here.status).toBe(200);
  const ahead = await apis.call('GET', `/api/me?min_index=${index + 1}`, { token });
  expect([ahead.status, ahead.body['code']]).toEqual([503, 'index_not_reached']);
  expect(ahead.headers.get('retry-after')).not.toBeNull();
});
