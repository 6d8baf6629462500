import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { TlsOptions } from 'node:tls';

/** A request as its bytes came. */
export interface HeardRequest {
  /** Request line and header, without the empty line. */
  readonly head: string;
  readonly body: Buffer;
  readonly socket: Socket;
  /** Which connection it is, from 1. */
  readonly connection: number;
}

export interface RawPeer {
  readonly address: string;
  readonly port: number;
  readonly heard: readonly HeardRequest[];
  /** Those that are open. */
  readonly sockets: ReadonlySet<Socket>;
  connections(): number;
  close(): Promise<void>;
}

export interface RawPeerOptions {
  readonly host?: string;
  readonly tls?: TlsOptions;
  /** No more than the system takes for it. */
  readonly takes_nothing?: boolean;
  /** What it does with a complete request; without it nothing. */
  readonly onRequest?: (request: HeardRequest) => void;
}

/** Listens and answers byte for byte as told, as no HTTP server would. */
export async function startRawPeer(options: RawPeerOptions = {}): Promise<RawPeer> {
  const { host = '127.0.0.1', tls, takes_nothing = false, onRequest } = options;
  const sockets = new Set<Socket>();
  const heard: HeardRequest[] = [];
  let connections = 0;
  const listener = (socket: Socket): void => {
    connections += 1;
    const connection = connections;
    sockets.add(socket);
    // So that only the other end can keep the process alive.
    socket.unref();
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    if (takes_nothing) return;
    let bytes = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      const request = requestOf(bytes);
      if (request === null) return;
      bytes = Buffer.alloc(0);
      heard.push({ ...request, socket, connection });
      onRequest?.({ ...request, socket, connection });
    });
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, host, resolve);
  });
  const { port: bound } = server.address() as AddressInfo;
  return {
    address: host.includes(':') ? `[${host}]:${bound}` : `${host}:${bound}`,
    port: bound,
    heard,
    sockets,
    connections: () => connections,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** Null: not all of it is there. */
function requestOf(bytes: Buffer): { head: string; body: Buffer } | null {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return null;
  const head = bytes.toString('latin1', 0, end);
  const length = Number(/^content-length: ([0-9]+)$/im.exec(head)?.[1]);
  const body = bytes.subarray(end + 4);
  return body.length < length ? null : { head, body };
}

/** An answer with this body. */
export function answerOf(body: string, ...lines: readonly string[]): string {
  const fields = [`content-length: ${body.length}`, ...lines];
  return `HTTP/1.1 200 OK\r\n${fields.join('\r\n')}\r\n\r\n${body}`;
}
