import type { IncomingMessage } from 'node:http';
import { limits } from '../../limits.ts';

/** `too_slow` and `gone`: there is nobody to answer any more. */
export type BodyFailure = 'too_large' | 'too_slow' | 'gone';

/**
 * Collects a body of a known length. Calls back once: with the bytes, or with why there are none. A
 * body that is not there within `limits.rpc_durable_timeout_ms` ends the connection: its sender has
 * given up by then.
 */
export function receiveBody(
  message: IncomingMessage,
  content_length: number,
  done: (body: Buffer | BodyFailure) => void,
): void {
  if (content_length > limits.rpc_body_bytes_max) {
    done('too_large');
    return;
  }
  const chunks: Buffer[] = [];
  let finished = false;
  function finish(body: Buffer | BodyFailure): void {
    if (finished) return;
    finished = true;
    clearTimeout(timer);
    done(body);
  }
  const timer = setTimeout(() => {
    finish('too_slow');
    message.destroy();
  }, limits.rpc_durable_timeout_ms);
  // The parser delivers no more than the declared length, which is bounded above.
  message.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
  });
  message.on('end', () => {
    const [only] = chunks;
    finish(chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks));
  });
  message.on('error', () => {
    finish('gone');
  });
  message.on('close', () => {
    finish('gone');
  });
}
