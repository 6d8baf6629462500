import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FakeApis, meeting, registration } from './api-fixture.ts';
import type { Reply } from './api-fixture.ts';

let apis: FakeApis;
let token: string;

beforeEach(async () => {
  apis = await FakeApis.start(1);
  token = await apis.register('ana');
  apis.node(0).replica.proposed = 0;
});
afterEach(() => apis.stop());

function expectProblem(reply: Reply, status: number, code: string): void {
  expect([reply.status, reply.body['code']]).toEqual([status, code]);
  expect(reply.headers.get('content-type')).toBe('application/problem+json');
  expect(reply.body).toMatchObject({
    type: `urn:agenda:problem:${code}`,
    title: expect.any(String),
    status,
    detail: expect.any(String),
    request_id: reply.headers.get('x-request-id'),
  });
  if (status === 503) expect(reply.headers.get('retry-after')).toMatch(/^\d+$/);
}

function fieldsOf(reply: Reply): string[] {
  return (reply.body['errors'] as { field: string }[]).map((error) => error.field);
}

describe('bad input changes nothing and says what would be right', () => {
  const bad_appointments: [string, unknown, string[]][] = [
    ['an unknown field', meeting(9, { colour: 'red' }), ['colour']],
    ['a wrong type', meeting(9, { title: 5 }), ['title']],
    ['end before start', meeting(9, { end: '2027-01-15T08:00:00Z' }), ['end']],
    ['end equal to start', meeting(9, { end: '2027-01-15T09:00:00Z' }), ['end']],
    ['a day that is none', meeting(9, { start: '2027-02-30T08:00:00Z' }), ['start']],
    ['a time without an offset', meeting(9, { start: '2027-01-15T08:00:00' }), ['start']],
    ['an empty title', meeting(9, { title: '' }), ['title']],
    ['a title of 201 characters', meeting(9, { title: 'x'.repeat(201) }), ['title']],
    ['a lone surrogate', meeting(9, { title: '\ud800' }), ['title']],
    ['a zone that is none', meeting(9, { time_zone: 'Europe/Atlantis' }), ['time_zone']],
    ['an offset for a zone', meeting(9, { time_zone: '+01:00' }), ['time_zone']],
    ['two faults at once', { start: 1, end: 2 }, ['title', 'start', 'end']],
    ['null for a body', null, ['body']],
    ['a list for a body', [], ['body']],
  ];
  test.each(bad_appointments)('%s', async (_what, body, fields) => {
    const reply = await apis.call('POST', '/api/appointments', { token, body });
    expectProblem(reply, 400, 'invalid_request');
    expect(fieldsOf(reply)).toEqual(fields);
    expect(apis.node(0).replica.proposed).toBe(0);
  });

  const bad_people: [string, object, string[]][] = [
    ['a short username', { username: 'al' }, ['username']],
    ['a username with a space', { username: 'ana maria' }, ['username']],
    ['a username that folds to one with a space', { username: 'ana\u00a8b' }, ['username']],
    ['an invisible character', { username: 'ana\u200b' }, ['username']],
    ['a username like an e-mail', { username: 'ana@b' }, ['username']],
    ['a character newer than the pinned Unicode', { username: 'ana\u{1fae8}' }, ['username']],
    ['no e-mail', { email: 'nowhere' }, ['email']],
    ['a short password', { password: 'seven77' }, ['password']],
    ['a common password', { password: 'PassWord123' }, ['password']],
    ['a password of 257 characters', { password: 'x'.repeat(257) }, ['password']],
    ['two display names', { name: 'Ana' }, ['display_name']],
  ];
  test.each(bad_people)('registering with %s', async (_what, change, fields) => {
    const body = { ...registration('bruno'), ...change };
    const reply = await apis.call('POST', '/register', { body });
    expectProblem(reply, 400, 'invalid_request');
    expect(fieldsOf(reply)).toEqual(fields);
    expect(reply.text).not.toContain(body.password);
    expect(apis.node(0).replica.proposed).toBe(0);
  });

  test('a body of one megabyte: 413 too_large', async () => {
    const body = meeting(9, { description: 'x'.repeat(1024 * 1024) });
    expectProblem(await apis.call('POST', '/api/appointments', { token, body }), 413, 'too_large');
    expect(apis.node(0).replica.proposed).toBe(0);
  });

  test('a body of one megabyte in chunks of unknown number', async () => {
    const stream = new ReadableStream({
      start(controller) {
        for (let sent = 0; sent < 64; sent += 1) controller.enqueue(Buffer.alloc(16_384, 120));
        controller.close();
      },
    });
    const init = {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: stream,
      duplex: 'half' as const,
    };
    const reply = await fetch(`${apis.node(0).origin}/api/appointments`, init);
    expect([reply.status, await reply.json()]).toEqual([
      413,
      expect.objectContaining({ code: 'too_large' }),
    ]);
  });

  test('JSON that is none is located, and not quoted', async () => {
    const raw = '{"username": "ana", "password": "hush-hush-hush" oops}';
    const reply = await apis.call('POST', '/login', { raw });
    expectProblem(reply, 400, 'invalid_request');
    expect(reply.body['detail']).toMatch(/JSON/);
    expect(reply.text).not.toContain('hush');
  });

  const bad_bodies: [string, string | Uint8Array<ArrayBuffer>, string, RegExp][] = [
    ['another content type', '{}', 'text/plain', /application\/json/],
    ['another charset', '{}', 'application/json; charset=latin1', /UTF-8/],
    ['bytes that are no UTF-8', new Uint8Array([0x22, 0xff, 0x22]), 'application/json', /UTF-8/],
    ['no body', '', 'application/json', /missing/],
  ];
  test.each(bad_bodies)('%s', async (_what, raw, content_type, detail) => {
    const headers = { 'content-type': content_type };
    const reply = await apis.call('POST', '/login', { raw, headers });
    expectProblem(reply, 400, 'invalid_request');
    expect(reply.body['detail']).toMatch(detail);
  });

  test('an unknown, repeated or wrong parameter', async () => {
    const range = 'start=2027-01-01T00:00:00Z&end=2027-02-01T00:00:00Z';
    for (const [query, field] of [
      [`${range}&colour=red`, 'colour'],
      [`${range}&start=2027-01-01T00:00:00Z`, 'start'],
      [`${range}&limit=0`, 'limit'],
      [`${range}&limit=100001`, 'limit'],
      [`${range}&cursor=%21`, 'cursor'],
      [`${range}&include=everything`, 'include'],
      [`${range}&consistency=eventual`, 'consistency'],
      [`${range}&min_index=soon`, 'min_index'],
      ['start=2027-01-01T00:00:00Z', 'end'],
      ['start=2027-01-01T00:00:00Z&end=2033-01-01T00:00:00Z', 'end'],
    ] as const) {
      const reply = await apis.call('GET', `/api/agenda?${query}`, { token });
      expectProblem(reply, 400, 'invalid_request');
      expect(fieldsOf(reply)).toEqual([field]);
    }
  });

  test('Idempotency-Key: 1–255 printable ASCII', async () => {
    for (const [at, key] of ['k', '~ !', 'x'.repeat(255)].entries()) {
      const headers = { 'idempotency-key': key };
      const body = meeting(10 + at);
      const reply = await apis.call('POST', '/api/appointments', { token, body, headers });
      expect(reply.status).toBe(201);
    }
    apis.node(0).replica.proposed = 0;
    for (const key of ['', 'x'.repeat(256), 'caf\u00e9']) {
      const headers = { 'idempotency-key': key };
      const reply = await apis.call('POST', '/api/appointments', {
        token,
        body: meeting(9),
        headers,
      });
      expectProblem(reply, 400, 'invalid_request');
    }
    expect(apis.node(0).replica.proposed).toBe(0);
  });

  test('rrule is 422 not_supported', async () => {
    const body = meeting(9, { rrule: 'FREQ=DAILY' });
    const reply = await apis.call('POST', '/api/appointments', { token, body });
    expectProblem(reply, 422, 'not_supported');
    expect(apis.node(0).replica.proposed).toBe(0);
  });
});

describe('every answer', () => {
  test('has X-Request-Id: the given one when it is well formed, else a new one', async () => {
    const ask = (id: string): Promise<Reply> =>
      apis.call('GET', '/health', { headers: { 'x-request-id': id } });
    expect((await ask('abc-123')).headers.get('x-request-id')).toBe('abc-123');
    expect((await ask('a b')).headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect((await ask('x'.repeat(129))).headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('has X-Request-Id, done or refused, redirected, a preflight or a page', async () => {
    apis.addresses.push({
      node_id: 'agenda-2',
      address_url: 'http://127.0.0.1:9',
      public_url: null,
      last_seen_ms: null,
    });
    const preflight = {
      origin: apis.node(0).origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization',
    };
    const create = { token, body: meeting(9) };
    for (const [method, path, options, status] of [
      ['POST', '/api/appointments', create, 201],
      ['DELETE', '/api/appointments/apt_00zzz', { token }, 404],
      ['POST', '/api/appointments', { token, body: {} }, 400],
      ['POST', '/api/appointments', { token, raw: '{' }, 400],
      ['GET', '/api/me', {}, 401],
      ['GET', '/nowhere', {}, 404],
      ['GET', '/api/appointments/%E0%A4%A', { token }, 400],
      ['GET', '/', {}, 302],
      ['GET', '/ui/', {}, 200],
      ['GET', '/ui/nothing.js', {}, 404],
      ['OPTIONS', '/api/appointments', { headers: preflight }, 204],
      ['OPTIONS', '/nowhere', { headers: preflight }, 204],
      ['POST', '/api/appointments', create, 307],
    ] as const) {
      apis.state.leader_id = status === 307 ? 'agenda-2' : 'agenda-1';
      const given = 'headers' in options ? options.headers : {};
      const ask = (id: string) =>
        apis.call(method, path, { ...options, headers: { ...given, 'x-request-id': id } });
      const taken = await ask(`this-${status}`);
      const what = [method, path, status];
      expect([...what, taken.status]).toEqual([...what, status]);
      expect([...what, taken.headers.get('x-request-id')]).toEqual([...what, `this-${status}`]);
      const made = (await ask('not well formed')).headers.get('x-request-id');
      expect([...what, made]).toEqual([...what, expect.stringMatching(/^[0-9a-f-]{36}$/)]);
      if (status >= 400) expect(taken.body['request_id']).toBe(`this-${status}`);
    }
  });

  test('is not stored, names no software and allows nothing inline', async () => {
    const { headers } = await apis.call('GET', '/api/me', { token });
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-powered-by')).toBeNull();
    expect(headers.get('etag')).toBe('"1"');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
  });

  test('has Cache-Control: no-store on /api, done or refused or redirected', async () => {
    for (const [method, path, options, status] of [
      ['POST', '/api/appointments', { token, body: meeting(9) }, 201],
      ['POST', '/api/appointments', { token, body: {} }, 400],
      ['GET', '/api/me', {}, 401],
      ['GET', '/api/nothing', { token }, 404],
    ] as const) {
      const reply = await apis.call(method, path, options);
      expect([reply.status, reply.headers.get('cache-control')]).toEqual([status, 'no-store']);
    }
    apis.state.leader_id = 'agenda-2';
    apis.addresses.push({
      node_id: 'agenda-2',
      address_url: 'http://127.0.0.1:9',
      public_url: null,
      last_seen_ms: null,
    });
    const body = meeting(10);
    const redirected = await apis.call('POST', '/api/appointments', { token, body });
    expect([redirected.status, redirected.headers.get('cache-control')]).toEqual([307, 'no-store']);
  });

  test('is JSON in UTF-8, and so is what it answers to', async () => {
    const title = 'Reunión ñ 会議 🎉';
    const raw = Buffer.from(JSON.stringify(meeting(9, { title })), 'utf8');
    for (const content_type of ['application/json', 'application/json; charset=UTF-8']) {
      const headers = { 'content-type': content_type };
      const reply = await apis.call('POST', '/api/appointments', {
        token,
        raw: new Uint8Array(raw),
        headers: { ...headers, 'idempotency-key': 'k' },
      });
      expect([reply.status, reply.body['title']]).toEqual([201, title]);
      expect(reply.headers.get('content-type')).toBe('application/json; charset=utf-8');
    }
  });

  test('of an unknown address or method is a problem', async () => {
    expectProblem(await apis.call('GET', '/nowhere'), 404, 'not_found');
    expectProblem(
      await apis.call('GET', '/api/appointments/%E0%A4%A', { token }),
      400,
      'invalid_request',
    );
    const reply = await apis.call('DELETE', '/api/me', { token });
    expectProblem(reply, 404, 'not_found');
    expect(reply.headers.get('allow')).toBe('GET');
  });

  test('of a defect is 500 internal_error: it tells the request id, and nothing of the inside', async () => {
    apis.node(0).replica.propose = () => Promise.reject(new Error('the inside'));
    const reply = await apis.call('POST', '/api/appointments', { token, body: meeting(9) });
    expectProblem(reply, 500, 'internal_error');
    expect(reply.text).not.toContain('the inside');
    const logged = apis.log_lines.join('');
    expect(logged).toContain('the inside');
    expect(logged).toContain(String(reply.body['request_id']));
  });

  test('to a page of another replica may be read by it, to others not', async () => {
    const preflight = {
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization',
    };
    const origin = apis.node(0).origin;
    const admitted = await apis.call('OPTIONS', '/api/appointments', {
      headers: { ...preflight, origin },
    });
    expect(admitted.status).toBe(204);
    expect(admitted.headers.get('access-control-allow-origin')).toBe(origin);
    expect(admitted.headers.get('access-control-allow-headers')).toContain('Idempotency-Key');
    const refused = await apis.call('GET', '/health', { headers: { origin: 'http://evil.test' } });
    expect(refused.headers.get('access-control-allow-origin')).toBeNull();
  });
});

test('GET / is 302 to /ui/; the page is served with a policy that lists the replicas and allows nothing inline', async () => {
  const moved = await apis.call('GET', '/');
  expect([moved.status, moved.headers.get('location')]).toEqual([302, '/ui/']);
  const page = await apis.call('GET', '/ui/');
  expect([page.status, page.text]).toEqual([200, '<title>Agenda</title>']);
  const policy = page.headers.get('content-security-policy') ?? '';
  expect(policy).not.toContain('unsafe-inline');
  expect(policy).not.toContain('upgrade-insecure-requests');
  expect(policy).toContain(apis.node(0).origin.replace('http', 'ws'));
  expectProblem(await apis.call('GET', '/ui/nothing.js'), 404, 'not_found');
});

test('a replica that is about to stop takes no more reads and writes: 503 draining', async () => {
  await apis.stop();
  const readiness = () => ({ ready: false, code: 'draining', reason: 'It stops.' }) as const;
  apis = await FakeApis.start(1, { readiness });
  expectProblem(
    await apis.call('POST', '/register', { body: registration('eva') }),
    503,
    'draining',
  );
  expectProblem(await apis.call('GET', '/readyz'), 503, 'draining');
  expect((await apis.call('GET', '/livez')).status).toBe(200);
});
