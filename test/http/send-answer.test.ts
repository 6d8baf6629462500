import { expect, test } from '@jest/globals';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { beginExchange } from '../../src/http/exchange.ts';
import { problemAnswer } from '../../src/http/problem.ts';
import { sendAnswer } from '../../src/http/serve/send-answer.ts';
import type { ApiServices } from '../../src/http/services.ts';

const services = {} as ApiServices;

function begin() {
  const request = new IncomingMessage(new Socket());
  const response = new ServerResponse(request);
  const heads: unknown[] = [];
  const writeHead = response.writeHead.bind(response) as (...given: unknown[]) => ServerResponse;
  response.writeHead = (...given: unknown[]) => {
    const written = writeHead(...given);
    heads.push(given);
    return written;
  };
  return { request, response, exchange: beginExchange(request), heads };
}

test('a head that cannot be written leaves nothing of it in the refusal that follows', () => {
  const served = begin();
  const broken = { status: 201, headers: { Location: 'a\nb' }, body: {} };
  expect(() => sendAnswer(services, served, broken)).toThrow('Invalid character');
  expect(served.response.headersSent).toBe(false);
  const refusal = problemAnswer({ code: 'internal_error', detail: 'A sentence.' }, 'request-1');
  sendAnswer(services, served, refusal);
  const { statusCode, statusMessage, headersSent } = served.response;
  expect([statusCode, statusMessage, headersSent]).toEqual([500, 'Internal Server Error', true]);
});

test('all header fields go in one call, with those that were there before', () => {
  const served = begin();
  // As the front door does when it closes.
  served.response.setHeader('Connection', 'close');
  served.exchange.served_by = 'agenda-2';
  sendAnswer(services, served, { status: 200, headers: { ETag: '"1"' }, body: { title: 'ñ' } });
  const [[status, , fields]] = served.heads as [[number, string, string[]]];
  expect([served.heads.length, status]).toEqual([1, 200]);
  const { response, exchange } = served;
  for (const [name, value] of [
    ['etag', '"1"'],
    ['agenda-served-by', 'agenda-2'],
    ['x-request-id', exchange.request_id],
    ['content-length', '14'],
    ['cache-control', 'no-store'],
  ] as const) {
    expect(fields.map((text) => text.toLowerCase())).toContain(name);
    expect(response.getHeader(name)).toBe(value);
  }
  expect(response.getHeader('connection')).toBe('close');
});
