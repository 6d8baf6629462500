import { readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Server as SecureServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { ignoreUpgrade } from '../http/ignore-upgrade.ts';
import { answerMalformed, server_options } from '../http/malformed.ts';

interface TlsFiles {
  readonly cert_file: string;
  readonly key_file: string;
}

export interface FrontDoorOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsFiles | null;
  /** Takes a request or leaves it (false) to the next. */
  readonly handlers: readonly ((request: IncomingMessage, response: ServerResponse) => boolean)[];
  /** The same for a request that asks for another protocol; without one, none is another here. */
  readonly upgrade?:
    ((request: IncomingMessage, socket: Duplex, head: Buffer) => boolean) | undefined;
}

/** A listening port. */
export interface FrontDoor {
  /** Reads the certificate again. Throws when it is bad: the old one stays. */
  reloadCertificate(): void;
  /** No new connections; those that are idle end now, the others after their answer. */
  close(): Promise<void>;
  /** Ends what is left. */
  destroy(): void;
}

/** A connection that sends nothing is let go after this; longer than clients keep theirs. */
const KEEP_ALIVE_MS = 65_000;
/** Headers must be here by then. */
const HEADERS_TIMEOUT_MS = 20_000;
/** And the whole request. */
const REQUEST_TIMEOUT_MS = 60_000;

/** Rejects when the port cannot be had. */
export async function openFrontDoor(options: FrontDoorOptions): Promise<FrontDoor> {
  const { tls, handlers, upgrade } = options;
  let is_closing = false;
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    // A connection that is kept would hold the end up.
    if (is_closing) response.setHeader('Connection', 'close');
    for (const handle of handlers) if (handle(request, response)) return;
    response.writeHead(404).end();
  };
  const server: Server | SecureServer =
    tls === null
      ? createHttpServer(server_options, listener)
      : createHttpsServer({ ...server_options, ...readTls(tls) }, listener);
  answerMalformed(server, listener);
  if (upgrade !== undefined) {
    server.on('upgrade', (request, socket, head) => {
      if (!upgrade(request, socket, head)) ignoreUpgrade(listener, request, socket);
    });
  }
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  await listen(server, options);
  return {
    reloadCertificate() {
      if (tls !== null) (server as SecureServer).setSecureContext(readTls(tls));
    },
    close: () =>
      new Promise((resolve) => {
        is_closing = true;
        server.close(() => resolve());
        server.closeIdleConnections();
      }),
    destroy: () => server.closeAllConnections(),
  };
}

function readTls({ cert_file, key_file }: TlsFiles): { cert: Buffer; key: Buffer } {
  return { cert: readFileSync(cert_file), key: readFileSync(key_file) };
}

function listen(server: Server | SecureServer, options: FrontDoorOptions): Promise<void> {
  const { host, port } = options;
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
}
