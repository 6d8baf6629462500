import type { IncomingMessage } from 'node:http';
import { limits } from '../limits.ts';
import { ProblemError } from './problem.ts';

export interface RequestBody {
  /** As it came: what tickets are bound to. */
  readonly raw: Buffer;
  readonly json: unknown;
}

const json_content_type = /^application\/(?:json|merge-patch\+json)\s*(?:;\s*(.*))?$/i;
const utf8 = new TextDecoder('utf-8', { fatal: true });
const utf8_parameter = /^charset="?utf-8"?$/i;

/**
 * Reads and parses a body once; one that is missing is an empty object where it is optional. Throws
 * {@link ProblemError}: `invalid_request` or `too_large`.
 */
export async function readJsonBody(
  request: IncomingMessage,
  is_optional: boolean,
): Promise<RequestBody> {
  const raw = await readBytes(request);
  if (raw.length === 0 && is_optional) return { raw, json: {} };
  if (raw.length === 0) throw invalid('The body is missing; send a JSON object.');
  requireJson(request);
  return { raw, json: parse(raw) };
}

function requireJson(request: IncomingMessage): void {
  requireJsonType(request.headers['content-type'] ?? '');
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding.toLowerCase() !== 'identity') {
    throw invalid('A compressed body is not understood; send it without Content-Encoding.');
  }
}

function requireJsonType(content_type: string): void {
  if (content_type === 'application/json') return;
  const matched = json_content_type.exec(content_type);
  if (matched === null) throw invalid('The Content-Type must be application/json.');
  const parameter = matched[1]?.trim() ?? '';
  if (parameter === '' || utf8_parameter.test(parameter)) return;
  throw invalid('The body must be in UTF-8: the Content-Type names another charset.');
}

function parse(raw: Buffer): unknown {
  let text: string;
  try {
    text = utf8.decode(raw);
  } catch {
    throw invalid('The body is not UTF-8.');
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    // The engine's message quotes the body, which may hold a password: only the position is told.
    const position = error instanceof Error ? /position (\d+)/.exec(error.message)?.[1] : undefined;
    const where = position === undefined ? '' : `: it goes wrong at character ${position}`;
    throw invalid(`The body is not JSON${where}.`);
  }
}

function invalid(detail: string): ProblemError {
  return new ProblemError({ code: 'invalid_request', detail });
}

function tooLarge(): ProblemError {
  const detail = `The body may have at most ${limits.http_body_bytes_max} bytes.`;
  return new ProblemError({ code: 'too_large', detail });
}

function readBytes(request: IncomingMessage): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > limits.http_body_bytes_max) {
    drain(request);
    return Promise.reject(tooLarge());
  }
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let received_bytes = 0;
    let is_over = false;
    const onData = (chunk: Buffer): void => {
      if (is_over) return;
      received_bytes += chunk.length;
      chunks.push(chunk);
      if (received_bytes <= limits.http_body_bytes_max) return;
      is_over = true;
      chunks.length = 0;
      drain(request);
      reject(tooLarge());
    };
    const onEnd = (): void => {
      if (is_over) return;
      is_over = true;
      const [only] = chunks;
      resolve(chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks));
    };
    // Each request is closed in the end: the listeners go with it.
    const onBroken = (): void => {
      if (is_over) return;
      is_over = true;
      reject(invalid('The connection broke before the body was complete.'));
    };
    request.on('data', onData).on('end', onEnd).on('error', onBroken).on('close', onBroken);
  });
}

/** Closing at once would reset the connection under a client that still sends, and lose the answer. */
function drain(request: IncomingMessage): void {
  let drained_bytes = 0;
  request.on('data', (chunk: Buffer) => {
    drained_bytes += chunk.length;
    if (drained_bytes > limits.http_drain_bytes_max) request.destroy();
  });
  request.on('error', () => {
    request.destroy();
  });
  request.resume();
}
