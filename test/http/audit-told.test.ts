import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FakeApis, good_password, meeting } from './api-fixture.ts';

const PATH = '/api/admin/audit/logs';

let apis: FakeApis;
let token: string;

beforeEach(async () => {
  apis = await FakeApis.start(1);
  token = await apis.register('ana');
});

afterEach(() => apis.stop());

describe('what the API tells the audit', () => {
  const told = () => apis.audit.told.filter(({ request_id }) => request_id === 'this-one');
  const headers = { 'x-request-id': 'this-one' };

  test('a log-in, and whose it is', async () => {
    const body = { username: 'ANA', password: good_password };
    expect((await apis.call('POST', '/login', { body, headers })).status).toBe(200);
    expect(told()).toEqual([
      { action: 'user.log_in', actor_key: expect.any(Number), request_id: 'this-one', facts: {} },
    ]);
  });

  test('a wrong password, and whose account it was; of an unknown name nothing at all', async () => {
    for (const username of ['ana', 'nobody@example.org']) {
      const body = { username, password: 'what was typed' };
      expect((await apis.call('POST', '/login', { body, headers })).status).toBe(401);
    }
    expect(told()).toEqual([
      {
        action: 'user.log_in_failed',
        actor_key: null,
        request_id: 'this-one',
        facts: { user_key: expect.any(Number) },
      },
      { action: 'user.log_in_failed', actor_key: null, request_id: 'this-one', facts: {} },
    ]);
    expect(JSON.stringify(apis.audit.told)).not.toMatch(/typed|nobody/);
  });

  test.each([
    ['GET', '/api/me', 401, { code: 'unauthenticated', route: '/api/me' }],
    ['DELETE', '/api/appointments/apt_001', 401, { code: 'unauthenticated' }],
  ] as const)('%s %s without a token: %i', async (method, path, status, facts) => {
    expect((await apis.call(method, path, { headers })).status).toBe(status);
    expect(told()).toMatchObject([
      { action: 'request.refused', actor_key: null, facts: { ...facts, method } },
    ]);
  });

  test('who was refused, when that is known, and no secret', async () => {
    const guess = { 'x-audit-token': 'a guess', ...headers };
    const reply = await apis.call('GET', PATH, { token, headers: guess });
    expect(reply.status).toBe(403);
    expect(told()).toEqual([
      {
        action: 'request.refused',
        actor_key: expect.any(Number),
        request_id: 'this-one',
        facts: { code: 'forbidden', method: 'GET', route: PATH },
      },
    ]);
    expect(JSON.stringify(apis.audit.told)).not.toContain('guess');
  });

  test('a change that was refused by its rules', async () => {
    await apis.call('POST', '/api/appointments', { token, body: meeting(1) });
    const again = { token, body: meeting(1), headers };
    expect((await apis.call('POST', '/api/appointments', again)).status).toBe(409);
    const path = '/api/appointments/apt_00zzz';
    expect((await apis.call('DELETE', path, { token, headers })).status).toBe(404);
    expect(told().map(({ facts }) => facts)).toEqual([
      { code: 'conflict', method: 'POST', route: '/api/appointments' },
      { code: 'not_found', method: 'DELETE', route: '/api/appointments/:id' },
    ]);
  });

  test('not what is malformed, not there, or cannot be served', async () => {
    await apis.call('POST', '/api/appointments', { token, body: { title: 7 }, headers });
    await apis.call('GET', '/api/appointments/apt_00zzz', { token, headers });
    apis.node(0).replica.has_quorum = false;
    await apis.call('GET', '/api/me', { token, headers });
    expect(told()).toEqual([]);
  });
});
