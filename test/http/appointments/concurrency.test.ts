import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FakeApis, meeting } from '../api-fixture.ts';
import type { Reply } from '../api-fixture.ts';

let apis: FakeApis;
let token: string;
let path: string;

beforeEach(async () => {
  apis = await FakeApis.start(1);
  token = await apis.register('ana');
  const { body } = await call('POST', '/api/appointments', meeting(9));
  path = `/api/appointments/${String(body['id'])}`;
});
afterEach(() => apis.stop());

function call(
  method: string,
  to: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Reply> {
  return apis.call(method, to, { token, body, headers });
}

const refusal = (reply: Reply) => [reply.status, reply.body['code']];
const writes: readonly (readonly [string, string, unknown])[] = [
  ['PUT', '', meeting(11)],
  ['PATCH', '', { title: 'Other' }],
  ['DELETE', '', undefined],
  ['POST', '/restore', undefined],
];

describe('If-Match on changes', () => {
  test.each(writes)('a lost update is 412, never silent: %s …%s', async (method, more, body) => {
    await call('PATCH', path, { title: 'Before' });
    const lost = await call(method, path + more, body, { 'if-match': '"1"' });
    expect(refusal(lost)).toEqual([412, 'precondition_failed']);
    const { appointment } = (await call('GET', path)).body;
    expect(appointment).toMatchObject({ version: 2, title: 'Before' });
    const current = await call(method, path + more, body, { 'if-match': '"2"' });
    expect(current.status).toBeLessThan(300);
  });

  test('without it the change is applied', async () => {
    await call('PATCH', path, { title: 'Before' });
    expect((await call('PUT', path, meeting(11))).status).toBe(200);
  });

  test.each(['*', '"1"', '"7", "1"', '"1" ,"2"'])('%s is met', async (if_match) => {
    const reply = await call('PATCH', path, { title: 'Other' }, { 'if-match': if_match });
    expect(reply.status).toBe(200);
  });

  test.each(['"2"', '"7", "8"', '"01"', '"one"', '""'])('%s is not', async (if_match) => {
    const reply = await call('PATCH', path, { title: 'Other' }, { 'if-match': if_match });
    expect(refusal(reply)).toEqual([412, 'precondition_failed']);
  });

  test.each(['W/"1"', '"1', 'one', '"1" "2"', '"1",,"2"', ''])('%j is 400', async (if_match) => {
    const reply = await call('PATCH', path, { title: 'Other' }, { 'if-match': if_match });
    expect(refusal(reply)).toEqual([400, 'invalid_request']);
  });

  test('what one may not see is 404, whatever the version', async () => {
    token = await apis.register('bruno');
    const reply = await call('PUT', path, meeting(11), { 'if-match': '"9"' });
    expect(refusal(reply)).toEqual([404, 'not_found']);
  });
});

describe('Idempotency-Key', () => {
  const key = { 'idempotency-key': 'the same' };

  /** What the contract promises to be the same. */
  const promised = ({ status, headers, text }: Reply) => ({
    status,
    text,
    etag: headers.get('etag'),
    location: headers.get('location'),
  });

  test.each(writes)('the same answer again, across later changes: %s …%s', async (...write) => {
    const [method, more, body] = write;
    const first = await call(method, path + more, body, key);
    expect(first.headers.has('idempotency-replayed')).toBe(false);
    await call('DELETE', path);
    await call('POST', `${path}/restore`);
    await call('PATCH', path, { title: 'Later', start: '2027-01-15T05:00:00Z' });
    const again = await call(method, path + more, body, key);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(promised(again)).toEqual(promised(first));
    const { appointment } = (await call('GET', path)).body;
    expect(appointment).toMatchObject({ title: 'Later' });
  });

  test('the same for creating, after many changes', async () => {
    const first = await call('POST', '/api/appointments', meeting(15), key);
    for (const title of ['One', 'Two', 'Three']) {
      await call('PATCH', String(first.headers.get('location')), { title });
    }
    const again = await call('POST', '/api/appointments', meeting(15), key);
    expect(promised(again)).toEqual(promised(first));
  });

  test('a retry of a successful PUT is not a 412', async () => {
    const headers = { ...key, 'if-match': '"1"' };
    const first = await call('PUT', path, meeting(11), headers);
    const again = await call('PUT', path, meeting(11), headers);
    expect([first.status, again.status]).toEqual([200, 200]);
    expect(promised(again)).toEqual(promised(first));
  });

  test('another body is 422, and only a success is remembered', async () => {
    await call('POST', '/api/appointments', meeting(11));
    const refused = await call('PUT', path, meeting(11), key);
    expect(refusal(refused)).toEqual([409, 'conflict']);
    expect((await call('PUT', path, meeting(13), key)).status).toBe(200);
    const other = await call('PUT', path, meeting(14), key);
    expect(refusal(other)).toEqual([422, 'idempotency_key_reused']);
  });

  test('a replay comes before what is wrong by now', async () => {
    const first = await call('PATCH', path, { end: '2027-01-15T12:00:00Z' }, key);
    await call('PATCH', path, { start: '2027-01-15T20:00:00Z', end: '2027-01-15T21:00:00Z' });
    const again = await call('PATCH', path, { end: '2027-01-15T12:00:00Z' }, key);
    expect(promised(again)).toEqual(promised(first));
  });

  test('one that changed nothing is remembered as well', async () => {
    const first = await call('PATCH', path, {}, key);
    await call('PATCH', path, { title: 'Later' });
    expect(promised(await call('PATCH', path, {}, key))).toEqual(promised(first));
  });
});

test('an answer shows what the write made, although the next one is applied already', async () => {
  const { replica } = apis.node(0);
  const propose = replica.propose.bind(replica);
  replica.propose = async (command) => {
    replica.propose = propose;
    const result = await propose(command);
    await call('PATCH', path, { title: 'Next' });
    return result;
  };
  const reply = await call('PATCH', path, { title: 'First' });
  expect(reply.headers.get('etag')).toBe('"2"');
  expect(reply.body).toMatchObject({ title: 'First', version: 2 });
});
