import { connect } from 'node:net';

export interface RawAnswer {
  readonly status: number;
  /** In lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly text: string;
}

export interface RawRequest {
  readonly bytes: Buffer;
  /** No body comes with its answer, whatever Content-Length says. */
  readonly is_head: boolean;
  /** Not HTTP/1.1, or not quite. */
  readonly is_malformed: boolean;
  /** It is cut off: the connection ends before the request does. */
  readonly is_cut_off: boolean;
}

const ANSWERED_WITHIN_MS = 20_000;
const END_OF_HEAD = '\r\n\r\n';

/** Sends bytes that need not be HTTP. Null: the connection ended without an answer. */
export function sendRaw(port: number, request: RawRequest): Promise<RawAnswer | null> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect({ host: '127.0.0.1', port });
    const settle = (): void => {
      const answer = parseAnswer(Buffer.concat(chunks), request.is_head);
      if (answer === 'incomplete') return;
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(ANSWERED_WITHIN_MS, () => {
      socket.destroy();
      reject(new Error(`no answer within ${ANSWERED_WITHIN_MS} ms`));
    });
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      settle();
    });
    socket.on('error', () => {
      // The server may close a connection that still sends; what it said before counts.
    });
    socket.on('close', () => {
      const answer = parseAnswer(Buffer.concat(chunks), request.is_head);
      if (answer === 'incomplete' && chunks.length > 0) reject(new Error('half an answer'));
      else resolve(answer === 'incomplete' ? null : answer);
    });
    if (request.is_cut_off) socket.end(request.bytes);
    else socket.write(request.bytes);
  });
}

function parseAnswer(bytes: Buffer, is_head: boolean): RawAnswer | 'incomplete' {
  const head_end = bytes.indexOf(END_OF_HEAD);
  if (head_end === -1) return 'incomplete';
  const [status_line = '', ...lines] = bytes.toString('latin1', 0, head_end).split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(status_line)?.[1]);
  const body = bytes.subarray(head_end + END_OF_HEAD.length);
  if (status === 100) return parseAnswer(body, is_head);
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const has_no_body = is_head || status === 204 || status === 304;
  const length = has_no_body ? 0 : Number(headers.get('content-length') ?? 0);
  if (body.length < length) return 'incomplete';
  return { status, headers, text: body.toString('utf8', 0, length) };
}
