import { randomUUID } from 'node:crypto';
import type { RequestListener, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Problem } from './problem.ts';
import { answerRaw } from './raw-problem.ts';

/** For `http.createServer`: a missing Host is refused by the API, in the form of all refusals. */
export const server_options = { requireHostHeader: false } as const;

/**
 * What the parser refuses is answered like everything else that is wrong, and not by an empty body. The
 * `listener` is that of the server: it also takes what expects more than a 100, where Node would answer 417.
 */
export function answerMalformed(server: Server, listener: RequestListener): void {
  const under_way = new WeakMap<Duplex, ServerResponse>();
  server.on('request', (request, response) => {
    under_way.set(request.socket, response);
  });
  server.on('checkExpectation', listener);
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const response = under_way.get(socket);
    const has_begun = response?.headersSent === true && !response.writableFinished;
    if (error.code === 'ECONNRESET' || !socket.writable || has_begun) {
      socket.destroy();
      return;
    }
    answerRaw(socket, problemOf(error), randomUUID());
  });
}

function problemOf({ code }: NodeJS.ErrnoException): Problem {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return { code: 'too_large', detail: 'The header fields have more than 16 KiB.' };
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return { code: 'too_large', detail: 'The chunk extensions have more than 16 KiB.' };
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return { code: 'invalid_request', detail: 'The request did not arrive in time.' };
    case undefined:
    default:
      return { code: 'invalid_request', detail: 'This is not HTTP/1.1.' };
  }
}
