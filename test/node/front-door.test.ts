import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { openFrontDoor } from '../../src/node/front-door.ts';
import type { FrontDoor } from '../../src/node/front-door.ts';

let door: FrontDoor;
let port: number;

beforeEach(async () => {
  const free = createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  ({ port } = free.address() as AddressInfo);
  await new Promise((done) => free.close(done));
  door = await openFrontDoor({
    host: '127.0.0.1',
    port,
    tls: null,
    handlers: [
      (request, response) => {
        response.setHeader('Content-Type', 'text/plain');
        response.end(`served ${request.method} ${request.url}`);
        return true;
      },
    ],
    upgrade(request, socket) {
      if (request.url !== '/ws') return false;
      socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n');
      return true;
    },
  });
});
afterEach(async () => {
  const closed = door.close();
  door.destroy();
  await closed;
});

/** All that is answered until the connection ends. */
async function send(...lines: readonly string[]): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port });
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.write(lines.join('\r\n'));
  await once(socket, 'end');
  socket.destroy();
  return Buffer.concat(chunks).toString('utf8');
}

describe('a request that asks for another protocol', () => {
  test('which nobody here speaks is served as it is (RFC 9110, section 7.8)', async () => {
    // What curl --http2 sends.
    const answer = await send(
      'GET /health HTTP/1.1',
      'Host: here',
      'Connection: Upgrade, HTTP2-Settings',
      'Upgrade: h2c',
      'HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA',
      '',
      '',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(answer).toMatch(/served GET \/health/);
    expect(answer).toMatch(/Connection: close/i);
  });

  test('and has a body is refused with a sentence: its body cannot be read any more', async () => {
    const answer = await send(
      'POST /login HTTP/1.1',
      'Host: here',
      'Connection: Upgrade',
      'Upgrade: h2c',
      'Content-Length: 2',
      '',
      '{}',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toMatch(/"code":"invalid_request".*without the Upgrade header/);
  });

  test('is handed over to who speaks it', async () => {
    const answer = await send(
      'GET /ws HTTP/1.1',
      'Host: here',
      'Connection: Upgrade',
      'Upgrade: websocket',
      '',
      '',
    );
    expect(answer).toBe('HTTP/1.1 101 Switching Protocols\r\n\r\n');
  });
});
