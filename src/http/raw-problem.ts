import type { Duplex } from 'node:stream';
import { PROBLEM_CONTENT_TYPE, problemDocument, problemHeaders } from './problem.ts';
import type { Problem } from './problem.ts';

/** Refuses where there is a connection and no answer of Node's to write to; ends the connection. */
export function answerRaw(socket: Duplex, problem: Problem, request_id: string): void {
  const document = problemDocument(problem, request_id);
  const body = JSON.stringify(document);
  const head = {
    'Content-Type': PROBLEM_CONTENT_TYPE,
    'Content-Length': String(Buffer.byteLength(body)),
    'X-Request-Id': request_id,
    'Cache-Control': 'no-store',
    Connection: 'close',
    ...problemHeaders(problem),
  };
  const lines = Object.entries(head).map(([name, value]) => `${name}: ${value}`);
  const status = `HTTP/1.1 ${document.status} ${document.title}`;
  socket.end([status, ...lines, '', body].join('\r\n'), () => {
    socket.destroy();
  });
}
