import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { readJsonBody } from '../../src/http/body.ts';
import { ProblemError } from '../../src/http/problem.ts';
import { limits } from '../../src/limits.ts';

let server: Server;
/** What came of each request, in the order in which they ended. */
let read: unknown[];

beforeEach(async () => {
  read = [];
  server = createServer((incoming, response) => {
    readJsonBody(incoming, false)
      .then(
        ({ json }) => json,
        (error: unknown) => (error instanceof ProblemError ? error.problem.code : error),
      )
      .then((outcome) => {
        read.push(outcome);
        response.end();
        server.emit('read');
      })
      .catch(() => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

function begin(content_type = 'application/json') {
  const { port } = server.address() as AddressInfo;
  const headers = { 'content-type': content_type };
  return request({ port, method: 'POST', headers }).on('error', () => {});
}

async function send(...chunks: (string | Buffer)[]): Promise<unknown> {
  const outgoing = begin();
  const is_read = once(server, 'read');
  for (const chunk of chunks) outgoing.write(chunk);
  outgoing.end();
  await is_read;
  return read.at(-1);
}

test('a body in pieces is one, and a mark before it is none of it', async () => {
  expect(
    await send('{"a":', Buffer.from('"ñ"').subarray(0, 2), Buffer.from('"ñ"').subarray(2), '}'),
  ).toEqual({ a: 'ñ' });
  for (let count = 0; count < 2; count += 1) expect(await send('\ufeff[1]')).toEqual([1]);
});

test('one that is no UTF-8 leaves nothing behind for the next', async () => {
  for (const bytes of [
    [0x22, 0xff, 0x22],
    [0x22, 0xc3],
    [0xe2, 0x82],
  ]) {
    expect(await send(Buffer.from(bytes))).toBe('invalid_request');
    expect(await send('"ok"')).toBe('ok');
  }
});

test('one that is too large is refused once, when that is seen', async () => {
  const half = Buffer.alloc(Math.ceil(limits.http_body_bytes_max / 2) + 1, 0x20);
  expect(await send(half, half, half)).toBe('too_large');
  expect(read).toEqual(['too_large']);
});

test('one that breaks off is refused', async () => {
  const outgoing = begin();
  const is_read = once(server, 'read');
  outgoing.write('{');
  await once(server, 'request');
  outgoing.destroy();
  await is_read;
  expect(read).toEqual(['invalid_request']);
});

test('the type may be written in several ways, and must be JSON in UTF-8', async () => {
  const outcomes: [string, unknown][] = [
    ['application/json', {}],
    ['Application/JSON;charset="utf-8"', {}],
    ['application/merge-patch+json', {}],
    ['application/json; charset=latin1', 'invalid_request'],
    ['application/jsonx', 'invalid_request'],
  ];
  for (const [content_type, outcome] of outcomes) {
    const is_read = once(server, 'read');
    begin(content_type).end('{}');
    await is_read;
    expect([content_type, read.at(-1)]).toEqual([content_type, outcome]);
  }
});
