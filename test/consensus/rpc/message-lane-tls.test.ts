import { afterEach, describe, expect, test } from '@jest/globals';
import { limits } from '../../../src/limits.ts';
import { eventually } from '../../support/eventually.ts';
import { LOOPBACK_CERTIFICATE, LOOPBACK_PRIVATE_KEY } from './loopback-certificate.ts';
import {
  answerTo,
  cleanUp,
  echo,
  failureOf,
  laneOf,
  questionTo,
  rawPeer,
} from './message-lane-support.ts';

afterEach(cleanUp);

describe('messages over TLS', () => {
  const server = { cert: LOOPBACK_CERTIFICATE, key: LOOPBACK_PRIVATE_KEY };
  const trust = { ca: LOOPBACK_CERTIFICATE };

  test('questions and answers of any length, over a kept connection', async () => {
    const peer = await rawPeer({ tls: server, onRequest: echo });
    const lane = laneOf(trust);
    for (const length of [0, 1, 20_000, limits.rpc_body_bytes_max]) {
      const body = Buffer.alloc(length, 'piece ');
      const answer = await lane.exchange({ ...questionTo(peer.address), body });
      expect(answer.body.equals(body)).toBe(true);
    }
    expect(peer.connections()).toBe(1);
  });

  test('the server is told its name, unless that is an IP address', async () => {
    const names: string[] = [];
    const tls = {
      ...server,
      SNICallback: (name: string, done: (error: null) => void) => {
        names.push(name);
        done(null);
      },
    };
    const peer = await rawPeer({ tls, onRequest: echo });
    const lane = laneOf(trust);
    await lane.exchange(questionTo(peer.address));
    expect(names).toEqual([]);
    await lane.exchange(questionTo(`localhost:${peer.port}`));
    expect(names).toEqual(['localhost']);
  });

  test('nothing is sent to a server that nobody vouches for, or for another name', async () => {
    const peer = await rawPeer({ tls: server, onRequest: echo });
    expect(await failureOf(laneOf({ ca: '' }), questionTo(peer.address))).toMatch(/^unreachable /);
    const other = await rawPeer({ host: '127.0.0.2', tls: server, onRequest: echo });
    expect(await failureOf(laneOf(trust), questionTo(other.address))).toMatch(
      /^unreachable .*127\.0\.0\.2/,
    );
    expect([...peer.heard, ...other.heard]).toEqual([]);
  });

  test('a kept connection that is closed just then is stale', async () => {
    let answers = 0;
    const peer = await rawPeer({
      tls: server,
      onRequest: (request) => {
        answers += 1;
        if (answers === 2) request.socket.destroy();
        else echo(request);
      },
    });
    const lane = laneOf(trust);
    await lane.exchange(questionTo(peer.address));
    expect(await failureOf(lane, questionTo(peer.address))).toMatch(/^stale_connection /);
    expect(await answerTo(lane, questionTo(peer.address, 'again'))).toBe('again');
  });

  test('a server that does not shake hands is a timeout; one that hangs up is unreachable', async () => {
    const silent = await rawPeer();
    const lane = laneOf(trust);
    const question = questionTo(silent.address, '', { timeout_ms: 100 });
    expect(await failureOf(lane, question)).toMatch(/^timeout /);
    const asked = failureOf(lane, questionTo(silent.address));
    await eventually('a connection', () => (silent.connections() === 2 ? true : null));
    for (const socket of silent.sockets) socket.destroy();
    expect(await asked).toMatch(/^unreachable /);
  });
});
