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
import { answerOf, startRawPeer } from './raw-peer.ts';
import type { HeardRequest } from './raw-peer.ts';

const CONNECTIONS_MAX = limits.rpc_connections_per_lane_max;

afterEach(cleanUp);

describe('a question', () => {
  test('is an HTTP/1.1 request, in one piece when it is small', async () => {
    const pieces: number[] = [];
    const peer = await rawPeer({ onRequest: echo });
    const lane = laneOf();
    await lane.exchange(questionTo(peer.address));
    peer.heard[0]?.socket.on('data', (piece) => pieces.push(piece.length));
    await lane.exchange(questionTo(peer.address));
    expect(pieces.length).toBe(1);
    expect(peer.heard.map(({ head }) => head.split('\r\n'))).toEqual(
      Array.from({ length: 2 }, () => [
        'POST /raft/append-entries HTTP/1.1',
        `host: ${peer.address}`,
        'connection: keep-alive',
        'content-length: 8',
        'x-cluster-envelope: 1,a,b',
        'x-cluster-signature: 00ff',
        'content-type: application/octet-stream',
      ]),
    );
    expect(peer.heard.map(({ body }) => body.toString())).toEqual(['question', 'question']);
  });

  test.each([0, 1, 16 * 1024, 16 * 1024 + 1, limits.rpc_body_bytes_max])(
    'of %i bytes arrives whole, and so does as long an answer',
    async (length) => {
      const peer = await rawPeer({ onRequest: echo });
      const lane = laneOf();
      for (let count = 0; count < 2; count += 1) {
        const body = Buffer.alloc(length, `piece ${count} `);
        const answer = await lane.exchange({ ...questionTo(peer.address), body });
        expect(answer.body.equals(body)).toBe(true);
      }
      expect(peer.connections()).toBe(1);
    },
  );

  test('without a content type has no such field', async () => {
    const peer = await rawPeer({ onRequest: echo });
    await laneOf().exchange(questionTo(peer.address, '', { content_type: '' }));
    expect(peer.heard[0]?.head).not.toContain('content-type');
  });

  test('goes to host names and to IPv6 addresses, which the request names', async () => {
    const [six, four] = [
      await rawPeer({ host: '::1', onRequest: echo }),
      await rawPeer({ onRequest: echo }),
    ];
    const lane = laneOf();
    expect(await answerTo(lane, questionTo(six.address, 'six'))).toBe('six');
    expect(six.heard[0]?.head).toContain(`\r\nhost: [::1]:${six.port}\r\n`);
    expect(await answerTo(lane, questionTo(`localhost:${four.port}`, 'four'))).toBe('four');
    expect(four.heard[0]?.head).toContain(`\r\nhost: localhost:${four.port}\r\n`);
  });

  test('to no address, to nobody, and to a name that is none is not sent', async () => {
    const gone = await startRawPeer();
    await gone.close();
    const lane = laneOf();
    expect(await failureOf(lane, questionTo('http://x:1'))).toMatch(/^no_address /);
    expect(await failureOf(lane, questionTo(gone.address))).toMatch(
      /^no_connection .*ECONNREFUSED/,
    );
    const nobody = questionTo(`localhost:${gone.port}`);
    expect(await failureOf(lane, nobody)).toMatch(/^no_connection /);
    expect(await failureOf(lane, questionTo('no-such-host.invalid:1'))).toMatch(
      /^no_connection .*getaddrinfo/,
    );
  });
});

describe('connections', () => {
  test('are used again, the last one first, and more are opened only when all are busy', async () => {
    const held: HeardRequest[] = [];
    const peer = await rawPeer({
      onRequest: (request) => {
        if (request.body.toString() === 'held') held.push(request);
        else echo(request);
      },
    });
    const lane = laneOf();
    for (let count = 0; count < 5; count += 1) await lane.exchange(questionTo(peer.address));
    expect(peer.connections()).toBe(1);
    const first = lane.exchange(questionTo(peer.address, 'held'));
    for (let count = 0; count < 5; count += 1) await lane.exchange(questionTo(peer.address));
    expect(peer.connections()).toBe(2);
    await eventually('the held one', () => (held.length === 1 ? true : null));
    held.forEach(echo);
    await first;
    await lane.exchange(questionTo(peer.address));
    expect(peer.heard.at(-1)?.connection).toBe(1);
  });

  test('are so many, each with one question; the others wait for their turn', async () => {
    let asked_at_once_max = 0;
    const asked = new Map<number, number>();
    const peer = await rawPeer({
      onRequest: (request) => {
        asked.set(request.connection, (asked.get(request.connection) ?? 0) + 1);
        asked_at_once_max = Math.max(asked_at_once_max, ...asked.values());
        setTimeout(() => {
          asked.set(request.connection, 0);
          echo(request);
        }, 5);
      },
    });
    const lane = laneOf();
    const bodies = Array.from({ length: 10 * CONNECTIONS_MAX }, (_, at) => `question ${at}`);
    const answers = bodies.map((body) => answerTo(lane, questionTo(peer.address, body)));
    expect(await Promise.all(answers)).toEqual(bodies);
    expect(peer.connections()).toBe(CONNECTIONS_MAX);
    expect(asked_at_once_max).toBe(1);
    expect(new Set(peer.heard.map(({ body }) => body.toString()))).toEqual(new Set(bodies));
    expect(peer.heard.length).toBe(bodies.length);
  });

  test('are given to those that wait in the order in which they were asked', async () => {
    const held: HeardRequest[] = [];
    const peer = await rawPeer({
      onRequest: (request) => {
        if (request.body.toString() === 'held') held.push(request);
        else echo(request);
      },
    });
    const lane = laneOf();
    const busy = Array.from({ length: CONNECTIONS_MAX }, () =>
      answerTo(lane, questionTo(peer.address, 'held')),
    );
    await eventually('all of them', () => (held.length === CONNECTIONS_MAX ? true : null));
    const bodies = ['first', 'second', 'third'];
    const answers = bodies.map((body) => answerTo(lane, questionTo(peer.address, body)));
    held.splice(0, 1).forEach(echo);
    expect(await Promise.all(answers)).toEqual(bodies);
    expect(peer.heard.slice(CONNECTIONS_MAX).map(({ body }) => body.toString())).toEqual(bodies);
    held.forEach(echo);
    await Promise.all(busy);
  });

  test('too few for too many: beyond the bound a message is not sent', async () => {
    const peer = await rawPeer();
    const lane = laneOf();
    const bound = CONNECTIONS_MAX + limits.rpc_waiting_per_lane_max;
    const outcomes = Array.from({ length: bound }, () => failureOf(lane, questionTo(peer.address)));
    expect(await failureOf(lane, questionTo(peer.address))).toMatch(/^no_connection .*too many/);
    lane.close();
    expect(new Set((await Promise.all(outcomes)).map((outcome) => outcome.split(' ')[0]))).toEqual(
      new Set(['unreachable']),
    );
  });

  test('to another address are others', async () => {
    const silent = await rawPeer();
    const peer = await rawPeer({ onRequest: echo });
    const lane = laneOf();
    const count = 2 * CONNECTIONS_MAX;
    const held = Array.from({ length: count }, () => failureOf(lane, questionTo(silent.address)));
    expect(await answerTo(lane, questionTo(peer.address, 'here'))).toBe('here');
    lane.close();
    await Promise.all(held);
  });

  test('to more addresses than there are: those where nothing is asked are left', async () => {
    const held: HeardRequest[] = [];
    const peer = await rawPeer({
      host: '0.0.0.0',
      onRequest: (request) => {
        if (request.body.toString() === 'held') held.push(request);
        else echo(request);
      },
    });
    const lane = laneOf();
    const ask = (at: number, body: string): Promise<string> =>
      answerTo(
        lane,
        questionTo(`127.0.${1 + Math.floor(at / 250)}.${1 + (at % 250)}:${peer.port}`, body),
      );
    const first = ask(0, 'held');
    const addresses_max = limits.address_book_max;
    for (let at = 1; at < addresses_max + 5; at += 1) await ask(at, 'more');
    await eventually('their end', () => (peer.sockets.size === addresses_max ? true : null));
    held.forEach(echo);
    expect(await first).toBe('held');
    const all = Array.from({ length: addresses_max }, (_, at) => ask(at, 'held'));
    await eventually('all of them', () => (held.length === 1 + addresses_max ? true : null));
    await expect(ask(addresses_max, 'more')).rejects.toMatchObject({ code: 'no_connection' });
    held.slice(1).forEach(echo);
    await Promise.all(all);
  });

  test('that the other side ends while they are idle harm nobody', async () => {
    const held: HeardRequest[] = [];
    const peer = await rawPeer({
      onRequest: (request) => {
        if (request.body.toString() === 'held') held.push(request);
        else echo(request);
      },
    });
    const lane = laneOf();
    const busy = answerTo(lane, questionTo(peer.address, 'held'));
    for (const end of ['end', 'destroy', 'resetAndDestroy'] as const) {
      await lane.exchange(questionTo(peer.address));
      expect(peer.sockets.size).toBe(2);
      peer.heard.at(-1)?.socket[end]();
      await eventually('its end', () => (peer.sockets.size === 1 ? true : null));
      await sleep(20);
    }
    expect(await answerTo(lane, questionTo(peer.address, 'again'))).toBe('again');
    expect(peer.connections()).toBe(5);
    held.forEach(echo);
    await busy;
  });

  test('that are told to be closed, or say something unasked, are not used again', async () => {
    const peer = await rawPeer({
      onRequest: ({ body, socket }) => {
        socket.write(answerOf(body.toString(), 'Connection: close'));
      },
    });
    const lane = laneOf();
    expect(await answerTo(lane, questionTo(peer.address, 'one'))).toBe('one');
    expect(await answerTo(lane, questionTo(peer.address, 'two'))).toBe('two');
    expect(peer.connections()).toBe(2);
    await eventually('their end', () => (peer.sockets.size === 0 ? true : null));
    const talker = await rawPeer({ onRequest: echo });
    await lane.exchange(questionTo(talker.address));
    talker.heard[0]?.socket.write(answerOf('unasked'));
    await eventually('its end', () => (talker.sockets.size === 0 ? true : null));
    expect(await answerTo(lane, questionTo(talker.address, 'asked'))).toBe('asked');
  });

  test('with a question that is answered before it is all sent are not used again', async () => {
    const early = await rawPeer({ takes_nothing: true });
    const lane = laneOf();
    const body = Buffer.alloc(8 * limits.rpc_body_bytes_max);
    const asked = lane.exchange({ ...questionTo(early.address), body });
    const socket = await eventually('a connection', () => [...early.sockets][0] ?? null);
    socket.write(answerOf('no'));
    expect((await asked).body.toString()).toBe('no');
    socket.resume();
    await eventually('its end', () => (early.sockets.size === 0 ? true : null));
  });

  test('do not keep the process alive once nothing is asked, and do while something is', async () => {
    const active = (): number =>
      process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
    const timers = (): number =>
      process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const peer = await rawPeer({ onRequest: echo });
    const lane = laneOf();
    const [active_before, timers_before] = [active(), timers()];
    const asked = lane.exchange(questionTo(peer.address));
    expect(timers()).toBe(timers_before + 1);
    await asked;
    expect(peer.sockets.size).toBe(1);
    expect(active()).toBe(active_before);
    expect(timers()).toBe(timers_before);
  });

  test('end with the lane, whatever they do', async () => {
    const peer = await rawPeer({
      onRequest: (request) => {
        if (request.body.length > 0) echo(request);
      },
    });
    const lane = laneOf();
    await Promise.all([1, 2].map(() => lane.exchange(questionTo(peer.address))));
    const asked = failureOf(lane, questionTo(peer.address, ''));
    await eventually('the question', () => (peer.heard.length === 3 ? true : null));
    lane.close();
    expect(await asked).toMatch(/^unreachable /);
    await eventually('their end', () => (peer.sockets.size === 0 ? true : null));
  });
});
