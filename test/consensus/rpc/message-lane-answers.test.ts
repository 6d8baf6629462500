import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { limits } from '../../../src/limits.ts';
import { eventually } from '../../support/eventually.ts';
import {
  answerTo,
  cleanUp,
  echo,
  failureOf,
  laneOf,
  questionTo,
  rawPeer,
} from './message-lane-support.ts';
import { answerOf } from './raw-peer.ts';
import type { HeardRequest } from './raw-peer.ts';

const CONNECTIONS_MAX = limits.rpc_connections_per_lane_max;

afterEach(cleanUp);

describe('an answer to a message', () => {
  test('may come in pieces', async () => {
    const text = answerOf('in pieces', 'x-cluster-signature: 00ff');
    const peer = await rawPeer({
      onRequest: ({ socket }) => {
        let at = 0;
        socket.setNoDelay(true);
        const write = (): void => {
          socket.write(text.slice(at, at + 1));
          at += 1;
          if (at < text.length) setImmediate(write);
        };
        write();
      },
    });
    const lane = laneOf();
    for (let count = 0; count < 3; count += 1) {
      const answer = await lane.exchange(questionTo(peer.address));
      expect([answer.body.toString(), answer.signature]).toEqual(['in pieces', '00ff']);
    }
    expect(peer.connections()).toBe(1);
  });

  test.each([
    ['garbage', '\x15\x03\x01\x00\x02', 'not HTTP/1.1'],
    ['two answers', answerOf('a') + answerOf('b'), 'more than one answer'],
    ['an announcement', 'HTTP/1.1 100 Continue\r\n\r\n', 'the status line'],
    ['no length', 'HTTP/1.1 200 OK\r\n\r\n', 'its length'],
    ['chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 'encoding'],
  ])('that is none ends the connection: %s', async (_, text, reason) => {
    let answers = 0;
    const peer = await rawPeer({
      onRequest: (request) => {
        answers += 1;
        if (answers === 2) request.socket.write(text, 'latin1');
        else echo(request);
      },
    });
    const lane = laneOf();
    await lane.exchange(questionTo(peer.address));
    const failure = await failureOf(lane, questionTo(peer.address));
    expect(failure).toMatch(/^bad_answer /);
    expect(failure).toContain(reason);
    await eventually('its end', () => (peer.sockets.size === 0 ? true : null));
    expect(await answerTo(lane, questionTo(peer.address, 'after'))).toBe('after');
    expect(peer.connections()).toBe(2);
  });

  const part = answerOf('five\n').slice(0, -2);
  test.each<[string, 'end' | 'resetAndDestroy', string, number, string]>([
    ['a new connection, before it', 'end', '', 0, 'unreachable'],
    ['a new connection, reset', 'resetAndDestroy', '', 0, 'unreachable'],
    ['a kept connection, before it', 'end', '', 1, 'stale_connection'],
    ['a kept connection, reset', 'resetAndDestroy', '', 1, 'stale_connection'],
    ['a kept connection, after its first byte', 'end', 'H', 1, 'unreachable'],
    ['a kept connection, in its body', 'end', part, 1, 'unreachable'],
    ['a new connection, in its body', 'end', part, 0, 'unreachable'],
  ])('broken off on %s (%s)', async (_, end, text, answered, code) => {
    let answers = 0;
    const peer = await rawPeer({
      onRequest: (request) => {
        answers += 1;
        const { socket } = request;
        if (answers <= answered) echo(request);
        else if (end === 'end') socket.end(text);
        else socket.resetAndDestroy();
      },
    });
    const lane = laneOf();
    for (let count = 0; count < answered; count += 1) {
      await lane.exchange(questionTo(peer.address));
    }
    const failure = await failureOf(lane, questionTo(peer.address));
    expect(failure.split(' ')[0]).toBe(code);
    expect(peer.connections()).toBe(1);
  });

  test('that does not come is a timeout, and what waited behind it was not sent', async () => {
    const peer = await rawPeer();
    const lane = laneOf();
    const ask = (): Promise<string> =>
      failureOf(lane, questionTo(peer.address, '', { timeout_ms: 100 }));
    const sent = Array.from({ length: CONNECTIONS_MAX }, ask);
    // While those wait.
    await sleep(30);
    const waiting = failureOf(lane, questionTo(peer.address, 'late', { timeout_ms: 40 }));
    expect(await waiting).toMatch(/^no_connection /);
    for (const outcome of await Promise.all(sent)) expect(outcome).toMatch(/^timeout /);
    expect(peer.heard.length).toBe(CONNECTIONS_MAX);
    await eventually('their end', () => (peer.sockets.size === 0 ? true : null));
  });

  test('cannot come when there is no connection in time', async () => {
    const peer = await rawPeer({ onRequest: echo });
    const lane = laneOf();
    const address = `localhost:${peer.port}`;
    const asked = failureOf(lane, questionTo(address, '', { timeout_ms: 1 }));
    // The time is over before the name is known, and so before anything is heard of a connection.
    const until_ms = performance.now() + 10;
    while (performance.now() < until_ms);
    expect(await asked).toMatch(/^no_connection /);
  });

  test('cannot come from one that says no more, while it still takes the question', async () => {
    const peer = await rawPeer({ takes_nothing: true });
    const lane = laneOf();
    const body = Buffer.alloc(8 * limits.rpc_body_bytes_max);
    const asked = failureOf(lane, { ...questionTo(peer.address), body });
    const socket = await eventually('a connection', () => [...peer.sockets][0] ?? null);
    socket.end();
    expect(await asked).toMatch(/^unreachable /);
  });

  test('that comes too late is not taken for the next one', async () => {
    let late: HeardRequest | null = null;
    const peer = await rawPeer({
      onRequest: (request) => {
        if (late === null) late = request;
        else echo(request);
      },
    });
    const lane = laneOf();
    const question = questionTo(peer.address, 'first', { timeout_ms: 50 });
    expect(await failureOf(lane, question)).toMatch(/^timeout /);
    const [first] = peer.heard;
    if (first !== undefined) echo(first);
    expect(await answerTo(lane, questionTo(peer.address, 'second'))).toBe('second');
    expect(peer.connections()).toBe(2);
  });
});
