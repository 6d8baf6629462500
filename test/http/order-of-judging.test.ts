import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FakeApis, good_password, meeting } from './api-fixture.ts';
import type { Reply } from './api-fixture.ts';

let apis: FakeApis;
let token: string;
let path: string;

beforeEach(async () => {
  apis = await FakeApis.start(2);
  token = await apis.register('ana');
  const created = await apis.call('POST', '/api/appointments', { token, body: meeting(9) });
  path = String(created.headers.get('location'));
  apis.state.commands.length = 0;
});
afterEach(() => apis.stop());

const refusal = (reply: Reply) => [reply.status, reply.body['code']];

describe('Order of judging: syntax → token → remembered answer → If-Match → rules', () => {
  const wrong: [string, Record<string, string>, object][] = [
    ['the body', {}, { title: 5 }],
    ['Idempotency-Key', { 'idempotency-key': 'x'.repeat(256) }, {}],
    ['If-Match', { 'if-match': 'W/"1"' }, {}],
    ['Agenda-Routing', { 'agenda-routing': 'sideways' }, {}],
  ];
  test.each(wrong)('syntax before the token: %s', async (_what, headers, body) => {
    for (const at of [0, 1]) {
      const reply = await apis.call('PATCH', path, { at, headers, body });
      expect(refusal(reply)).toEqual([400, 'invalid_request']);
    }
  });

  test('the token before the remembered answer', async () => {
    const headers = { 'idempotency-key': 'k' };
    const body = { title: 'Other' };
    expect((await apis.call('PATCH', path, { token, headers, body })).status).toBe(200);
    const bad = { headers, body, token: `${token.slice(0, -4)}AAAA` };
    expect(refusal(await apis.call('PATCH', path, bad))).toEqual([401, 'unauthenticated']);
    // To somebody else it is a key that was never used.
    const stranger = await apis.register('ben');
    const theirs = await apis.call('PATCH', path, { token: stranger, headers, body });
    expect(refusal(theirs)).toEqual([404, 'not_found']);
  });

  test('the remembered answer before If-Match, and before the rules', async () => {
    const headers = { 'idempotency-key': 'k', 'if-match': '"1"' };
    const first = await apis.call('PUT', path, { token, headers, body: meeting(11) });
    await apis.call('DELETE', path, { token });
    const again = await apis.call('PUT', path, { token, headers, body: meeting(11) });
    expect([again.status, again.text]).toEqual([200, first.text]);
    const other = await apis.call('PUT', path, { token, headers, body: meeting(12) });
    expect(refusal(other)).toEqual([422, 'idempotency_key_reused']);
  });

  test('If-Match before the rules', async () => {
    const headers = { 'if-match': '"1"' };
    await apis.call('DELETE', path, { token });
    const lost = await apis.call('PUT', path, { token, headers, body: meeting(11) });
    expect(refusal(lost)).toEqual([412, 'precondition_failed']);
    const ruled = await apis.call('PUT', path, { token, body: meeting(11) });
    expect(refusal(ruled)).toEqual([403, 'forbidden']);
  });

  test('If-Match before the current password', async () => {
    const body = { current_password: 'a wrong one', new_password: 'another uncommon one' };
    const change = (headers: Record<string, string>) =>
      apis.call('PUT', '/api/me/password', { token, headers, body });
    expect(refusal(await change({ 'if-match': '"7"' }))).toEqual([412, 'precondition_failed']);
    expect(refusal(await change({ 'if-match': '"1"' }))).toEqual([403, 'forbidden']);
  });
});

describe('a refusal that depends on state is given before the log only after a read index', () => {
  test('in doubt, propose and let apply decide', async () => {
    let barriers = 0;
    apis.node(0).replica.onBarrier = () => void (barriers += 1);
    const stale = { 'if-match': '"7"' };
    const refused = [
      await apis.call('POST', '/api/appointments', { token, body: meeting(9) }),
      await apis.call('PUT', path, { token, headers: stale, body: meeting(9) }),
      await apis.call('PUT', '/api/appointments/apt_00zzz', { token, body: meeting(9) }),
      await apis.call('POST', '/api/appointments', {
        token,
        body: meeting(10, { calendar_id: 'cal_00zzz' }),
      }),
    ];
    expect(refused.map((reply) => reply.status)).toEqual([409, 412, 404, 404]);
    expect(apis.state.commands).toHaveLength(refused.length);
    expect(barriers).toBe(0);
  });

  test('without a majority nothing is known: 503, and not the refusal', async () => {
    apis.node(0).replica.has_quorum = false;
    const missing = await apis.call('PATCH', '/api/appointments/apt_00zzz', { token, body: {} });
    expect(refusal(missing)).toEqual([503, 'no_quorum']);
    const passwords = { current_password: 'not the password', new_password: `${good_password}!` };
    const wrong = await apis.call('PUT', '/api/me/password', { token, body: passwords });
    expect(refusal(wrong)).toEqual([503, 'no_quorum']);
  });
});
