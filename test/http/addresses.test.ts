import { once } from 'node:events';
import { get, IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import helmet from 'helmet';
import { sendRaw } from '../support/fuzz/raw-http.ts';
import { FakeApis, meeting } from './api-fixture.ts';

let apis: FakeApis;
let token: string;

beforeEach(async () => {
  apis = await FakeApis.start(1);
  token = await apis.register('ana');
});
afterEach(() => apis.stop());

/** As it is written here, which `fetch` would change. */
async function ask(method: string, target: string, more: readonly string[] = []) {
  const { port } = apis.node(0).server.address() as AddressInfo;
  const lines = [
    `${method} ${target} HTTP/1.1`,
    'Host: localhost',
    `Authorization: Bearer ${token}`,
    ...more,
  ];
  const bytes = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);
  const is_head = method === 'HEAD';
  const answer = await sendRaw(port, { bytes, is_head, is_malformed: false, is_cut_off: false });
  if (answer === null) throw new Error('no answer');
  const is_json = answer.text.startsWith('{');
  const body = is_json ? (JSON.parse(answer.text) as Record<string, unknown>) : {};
  return { ...answer, body };
}

describe('an address', () => {
  async function statusOf(target: string): Promise<number> {
    return (await ask('GET', target)).status;
  }

  test('may end in one slash, and in no more', async () => {
    for (const path of ['/api/me', '/livez', '/openapi.json']) {
      expect([path, await statusOf(path)]).toEqual([path, 200]);
      expect([path, await statusOf(`${path}/`)]).toEqual([path, 200]);
      expect([path, await statusOf(`${path}/?ticket=x`)]).toEqual([path, 200]);
      expect([path, await statusOf(`${path}//`)]).toEqual([path, 404]);
      expect([path, await statusOf(`/${path}`)]).toEqual([path, 404]);
    }
    expect([await statusOf('/'), await statusOf('//'), await statusOf('///')]).toEqual([
      302, 302, 404,
    ]);
  });

  test('is compared letter by letter, as it was sent', async () => {
    const others = ['/api/Me', '/API/me', '/api/%6De', '/api/./me', '/api/x/../me', '/api\\me'];
    for (const path of others) expect([path, await statusOf(path)]).toEqual([path, 404]);
  });

  test('may name the server as well, and a place in the answer', async () => {
    for (const target of [
      'http://any.test/api/me',
      'https://a:b@any.test:1/api/me/',
      '/api/me#x',
    ]) {
      expect([target, await statusOf(target)]).toEqual([target, 200]);
    }
    expect(await statusOf('http://any.test')).toBe(302);
    expect(await statusOf('http://any.test/nowhere')).toBe(404);
    expect((await ask('OPTIONS', '*')).body['code']).toBe('not_found');
  });

  test('that is none is refused like everything else that is wrong', async () => {
    const { status, headers, body } = await ask('GET', 'http://[any/api/me');
    expect([status, body['code']]).toEqual([400, 'invalid_request']);
    expect(headers.get('x-request-id')).toBe(body['request_id']);
    expect(headers.get('cache-control')).toBe('no-store');
  });

  test('belongs to what a request key is remembered under, however it was written', async () => {
    const created = await apis.call('POST', '/api/appointments', { token, body: meeting(9) });
    const path = String(created.headers.get('location'));
    const remove = (target: string) => ask('DELETE', target, ['Idempotency-Key: k']);
    expect((await remove(path)).status).toBe(204);
    expect((await remove(path)).headers.get('idempotency-replayed')).toBe('true');
    for (const other of [`${path}/`, `http://any.test${path}`]) {
      expect((await remove(other)).headers.get('idempotency-replayed')).toBe('true');
    }
  });
});

describe('what stands for an id in an address', () => {
  test('is decoded', async () => {
    const created = await apis.call('POST', '/api/appointments', { token, body: meeting(9) });
    const path = String(created.headers.get('location'));
    const encoded = path.replace('_', '%5F');
    expect(encoded).not.toBe(path);
    for (const target of [path, encoded, `${encoded}/`, `${encoded}#x`]) {
      expect([target, (await ask('GET', target)).status]).toEqual([target, 200]);
    }
  });

  test('is never empty, and never more than one segment', async () => {
    for (const target of [
      '/api/appointments//',
      '/api/appointments//proposals',
      '/api/groups/a/b',
    ]) {
      const { status, body } = await ask('GET', target);
      expect([status, body['detail']]).toEqual([404, 'There is nothing at this address.']);
    }
    const slash = await ask('GET', '/api/appointments/a%2Fb');
    expect([slash.status, slash.body['detail']]).toEqual([404, 'There is no such appointment.']);
  });

  test('and does not decode is refused, whatever the method; elsewhere nobody decodes it', async () => {
    const targets = ['/api/appointments/%', '/api/appointments/a/proposals/%E0%A4%A/accept'];
    for (const target of targets) {
      for (const method of ['GET', 'POST', 'DELETE', 'OPTIONS', 'TRACE']) {
        const { status, headers, body } = await ask(method, target);
        expect([status, body['code'], body['detail']]).toEqual([
          400,
          'invalid_request',
          'The address is not well encoded.',
        ]);
        expect(headers.get('cache-control')).toBe('no-store');
      }
    }
    for (const target of ['/livez%', '/nowhere/%', '/api/appointments/%/nothing', '/ui/%']) {
      expect([target, (await ask('GET', target)).status]).toEqual([target, 404]);
    }
  });
});

describe('the method', () => {
  test('HEAD is GET without the body', async () => {
    for (const target of ['/api/me', '/livez', '/openapi.json', '/nowhere', '/api/posts/x']) {
      const head = await ask('HEAD', target);
      const get = await ask('GET', target);
      expect([head.status, head.text]).toEqual([get.status, '']);
      const namesOf = ({ headers }: typeof get): string[] => [...headers.keys()].toSorted();
      expect(namesOf(head)).toEqual(namesOf(get));
      expect(head.headers.get('content-type')).toBe(get.headers.get('content-type'));
    }
  });

  test('that an address does not have is refused with those it has', async () => {
    const allowed = [
      ['/api/me', 'GET'],
      ['/login', 'POST'],
      ['/api/me/profile', 'PUT'],
      ['/api/appointments/x', 'PUT, PATCH, DELETE, GET'],
    ] as const;
    for (const [target, methods] of allowed) {
      for (const method of ['OPTIONS', 'TRACE', 'PROPFIND', 'LINK']) {
        const { status, headers, body } = await ask(method, `${target}/`);
        expect([status, body['code'], headers.get('allow')]).toEqual([404, 'not_found', methods]);
        expect(body['detail']).toBe(`Nothing answers to this method here, only ${methods}.`);
      }
    }
    expect((await ask('HEAD', '/login')).headers.get('allow')).toBe('POST');
  });

  test('an address that is none has no methods', async () => {
    for (const method of ['GET', 'OPTIONS', 'TRACE', 'DELETE']) {
      const { status, headers, body } = await ask(method, '/nowhere');
      expect([status, body['code']]).toEqual([404, 'not_found']);
      expect(headers.get('allow')).toBeUndefined();
    }
    const live = await ask('PUT', '/ws/');
    expect([live.status, live.headers.get('upgrade')]).toEqual([400, 'websocket']);
  });
});

describe('the header fields of data', () => {
  /** As helmet sets them on an answer of its own. */
  function fieldsOfHelmet(): Map<string, string> {
    const request = new IncomingMessage(new Socket());
    const response = new ServerResponse(request);
    const directives = { defaultSrc: ["'none'"], frameAncestors: ["'none'"] };
    helmet({ contentSecurityPolicy: { useDefaults: false, directives } })(
      request,
      response,
      () => {},
    );
    const fields = response
      .getHeaderNames()
      .map((name): [string, string] => [name, String(response.getHeader(name))]);
    return new Map(fields);
  }

  test('are those of helmet, on whatever is answered', async () => {
    const wanted = fieldsOfHelmet();
    expect(wanted.size).toBeGreaterThan(10);
    const created = await apis.call('POST', '/api/appointments', { token, body: meeting(9) });
    const path = String(created.headers.get('location'));
    const answers = [
      ['GET', '/api/me', 200],
      ['GET', '/', 302],
      ['GET', '/api/appointments/%', 400],
      ['GET', path, 200],
      ['DELETE', path, 204],
      ['GET', '/nowhere', 404],
      ['OPTIONS', '/api/me', 404],
      ['GET', 'http://any.test/api/me', 200],
      ['GET', '/ws', 400],
    ] as const;
    for (const [method, target, status] of answers) {
      const answer = await ask(method, target);
      expect([target, answer.status]).toEqual([target, status]);
      for (const [name, value] of wanted) {
        expect([target, name, answer.headers.get(name)]).toEqual([target, name, value]);
      }
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  test('come once each', async () => {
    const { port } = apis.node(0).server.address() as AddressInfo;
    const origin = apis.node(0).origin;
    const headers = { authorization: `Bearer ${token}`, origin };
    for (const path of ['/api/me', '/api/nothing', '/api/me?consistency=local', '/api/posts/%']) {
      const request = get({ port, path, headers });
      const [answer] = (await once(request, 'response')) as [IncomingMessage];
      const { rawHeaders } = answer.resume();
      const names = rawHeaders.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase());
      expect(names.toSorted()).toEqual([...new Set(names)].toSorted());
      expect(names).toContain('access-control-allow-origin');
    }
  });

  test('without a body there is a length of nothing, or none where there can be no body', async () => {
    const moved = await ask('GET', '/');
    expect([moved.status, moved.headers.get('content-length')]).toEqual([302, '0']);
    const created = await apis.call('POST', '/api/appointments', { token, body: meeting(9) });
    const gone = await ask('DELETE', String(created.headers.get('location')));
    expect([gone.status, gone.headers.get('content-length')]).toEqual([204, undefined]);
    expect(gone.headers.get('transfer-encoding')).toBeUndefined();
  });
});
