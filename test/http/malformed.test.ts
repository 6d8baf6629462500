import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { sendRaw } from '../support/fuzz/raw-http.ts';
import { FakeApis } from './api-fixture.ts';

let apis: FakeApis;

beforeEach(async () => {
  apis = await FakeApis.start(1);
});
afterEach(() => apis.stop());

async function send(lines: readonly string[], is_cut_off = false) {
  const { port } = apis.node(0).server.address() as AddressInfo;
  const bytes = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);
  const answer = await sendRaw(port, { bytes, is_head: false, is_malformed: true, is_cut_off });
  return answer ?? { status: 0, headers: new Map<string, string>(), text: '{}' };
}

const host = 'Host: localhost';
const end = 'Connection: close';

const malformed: [string, string[], number, string][] = [
  ['a method that is none', ['BREW /health HTTP/1.1', host], 400, 'invalid_request'],
  ['no HTTP at all', ['hello'], 400, 'invalid_request'],
  [
    'two lengths',
    ['GET / HTTP/1.1', host, 'Content-Length: 1', 'Content-Length: 2'],
    400,
    'invalid_request',
  ],
  ['no Host', ['GET /health HTTP/1.1', end], 400, 'invalid_request'],
  [
    '20 KiB of header fields',
    ['GET / HTTP/1.1', host, `A: ${'x'.repeat(20_480)}`],
    413,
    'too_large',
  ],
  [
    'a chunk that is none',
    ['POST /login HTTP/1.1', host, 'Transfer-Encoding: chunked', '', 'x'],
    400,
    'invalid_request',
  ],
];

test.each(malformed)(
  '%s is refused like everything else that is wrong',
  async (_what, lines, status, code) => {
    const { status: given, headers, text } = await send(lines);
    const problem = JSON.parse(text) as Record<string, unknown>;
    expect([given, problem['status'], problem['code']]).toEqual([status, status, code]);
    expect(headers.get('content-type')).toBe('application/problem+json');
    expect(headers.get('x-request-id')).toBe(problem['request_id']);
  },
);

test('a request that is cut off is not waited for', async () => {
  const { status } = await send(['GET /health HTTP/1.1', host, 'A'], true);
  expect([0, 400]).toContain(status);
});

test('what a client expects beyond 100-continue is passed over', async () => {
  const { status } = await send(['GET /health HTTP/1.1', host, 'Expect: everything', end]);
  expect(status).toBe(200);
});

test('HTTP/1.0 needs no Host', async () => {
  expect((await send(['GET /health HTTP/1.0'])).status).toBe(200);
});

test('the page: a version that it has not is a 412, and a part of it is the whole', async () => {
  const refused = await apis.call('GET', '/ui/', { headers: { 'if-match': '"other"' } });
  expect([refused.status, refused.body['code']]).toEqual([412, 'precondition_failed']);
  const part = await apis.call('GET', '/ui/', { headers: { range: 'bytes=900-1' } });
  expect(part.status).toBe(200);
});
