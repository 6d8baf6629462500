import { ServerResponse } from 'node:http';
import type { IncomingMessage, RequestListener } from 'node:http';
import type { Duplex } from 'node:stream';
import { Socket } from 'node:net';
import { assert } from '../base/assert.ts';
import { beginExchange } from './exchange.ts';
import { answerRaw } from './raw-problem.ts';

/**
 * Serves a request that asks for another protocol as if it did not (RFC 9110, section 7.8), as curl does
 * for HTTP/2: Node hands all of them over once there is one to take, and reads no body of theirs any more.
 */
export function ignoreUpgrade(
  listener: RequestListener,
  request: IncomingMessage,
  socket: Duplex,
): void {
  socket.on('error', () => {
    // Nobody is there to be answered.
  });
  if (hasBody(request)) {
    const { request_id } = beginExchange(request);
    const detail =
      'Nothing but a WebSocket is upgraded to here: send it without the Upgrade header.';
    answerRaw(socket, { code: 'invalid_request', detail }, request_id);
    return;
  }
  const response = new ServerResponse(request);
  assert(socket instanceof Socket, 'a request that came through no socket');
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.once('finish', () => {
    response.detachSocket(socket);
    socket.end();
  });
  listener(request, response);
}

function hasBody({ headers }: IncomingMessage): boolean {
  const { 'content-length': length = '0', 'transfer-encoding': coding } = headers;
  return coding !== undefined || length !== '0';
}
