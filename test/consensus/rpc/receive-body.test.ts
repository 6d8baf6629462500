import { connect } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { encodeRequest } from '../../../src/consensus/rpc/message-codec.ts';
import { limits } from '../../../src/limits.ts';
import { eventually } from '../../support/eventually.ts';
import { sendRaw, signed, startReceiver, withHeader, withoutHeader } from './loopback.ts';
import type { Loopback, RawRequest } from './loopback.ts';

const HEARTBEAT = encodeRequest({
  kind: 'heartbeat',
  term: 1,
  round: 1,
  commit_index: 0,
  freshness: null,
});

const running: Loopback[] = [];

async function start(): Promise<Loopback> {
  const loopback = await startReceiver();
  running.push(loopback);
  return loopback;
}

afterEach(async () => {
  for (const loopback of running.splice(0)) await loopback.close();
});

describe('bodies at the receiver', () => {
  test('a body that is no message, or not one for the path, is a signed 400', async () => {
    const loopback = await start();
    const vote = encodeRequest({
      kind: 'vote',
      pre_vote: true,
      is_transfer: false,
      term: 1,
      last_log: { index: 0, term: 0 },
    });
    const groupless = signed({ body: HEARTBEAT, envelope: { group_id: '' } });
    const garbage = signed({ body: Buffer.from('garbage') });
    const version = signed({ body: Buffer.concat([Buffer.of(9), HEARTBEAT.subarray(1)]) });
    for (const raw of [garbage, version, signed({ body: vote }), signed(), groupless]) {
      const response = await sendRaw(loopback.address, raw);
      expect(response.status).toBe(400);
      expect(JSON.parse(response.body)).toMatchObject({ code: 'invalid_request', status: 400 });
      expect(response.headers['x-cluster-signature']).toBeDefined();
    }
    expect(loopback.delivered).toEqual([]);
  });

  test('a body beyond the bound is refused before it is read, and the connection ends', async () => {
    const loopback = await start();
    const raw = signed({ body: HEARTBEAT });
    const length = limits.rpc_body_bytes_max + 1;
    const large = withHeader(raw, 'content-length', () => String(length));
    // Only the head is sent: an answer without waiting for the body.
    const answer = await speak(loopback.address, headOf(large));
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toMatch(/connection: close/i);
    expect(answer).toContain('"code":"too_large"');
    const unsigned = await speak(
      loopback.address,
      headOf(withoutHeader(large, 'x-cluster-signature')),
    );
    expect(unsigned).toMatch(/^HTTP\/1\.1 401 /);
    expect(unsigned).toMatch(/connection: close/i);
    expect(loopback.delivered).toEqual([]);
  });

  test('a body of unknown length is refused', async () => {
    const loopback = await start();
    const raw = withoutHeader(signed({ body: HEARTBEAT }), 'content-length');
    const chunked = withHeader(raw, 'transfer-encoding', () => 'chunked');
    const response = await sendRaw(loopback.address, chunked);
    expect(response.status).toBe(400);
    expect(loopback.delivered).toEqual([]);
  });

  test('a body that does not come ends the connection, and nothing is delivered', async () => {
    const loopback = await start();
    const raw = signed({ body: HEARTBEAT });
    expect(await speak(loopback.address, headOf(raw) + 'x')).toBe('');
    // The refused get their answer at once; the connection does not stay for the rest either.
    const unsigned = withoutHeader(raw, 'x-cluster-signature');
    const answer = await speak(loopback.address, headOf(unsigned) + 'x');
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
    expect(loopback.delivered).toEqual([]);
  });

  test('a sender that hangs up while it sends a body harms nobody', async () => {
    const loopback = await start();
    const [host = '', port = ''] = loopback.address.split(':');
    const socket = connect(Number(port), host);
    socket.write(headOf(signed({ body: HEARTBEAT })) + 'x');
    await eventually('a connection', () => (loopback.connections() === 1 ? true : null));
    socket.destroy();
    expect((await sendRaw(loopback.address, signed({ body: HEARTBEAT }))).status).toBe(200);
    expect(loopback.delivered.length).toBe(1);
  });
});

function headOf(raw: RawRequest): string {
  const lines = Object.entries(raw.headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${raw.method} ${raw.target} HTTP/1.1\r\nhost: x\r\n${lines.join('')}\r\n`;
}

/** Writes and reads until the other side ends the connection. */
function speak(address: string, text: string): Promise<string> {
  const [host = '', port = ''] = address.split(':');
  return new Promise((resolve) => {
    let heard = '';
    const socket = connect(Number(port), host);
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      heard += chunk;
    });
    socket.on('error', () => {
      resolve(heard);
    });
    socket.on('close', () => {
      resolve(heard);
    });
    socket.write(text);
  });
}
