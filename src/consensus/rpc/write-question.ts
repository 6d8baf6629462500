import type { Writable } from 'node:stream';
import { ENVELOPE_HEADER, SIGNATURE_HEADER } from './envelope.ts';
import type { Question } from './lane.ts';

/** A body up to this is copied behind its head, which costs less than two buffers for the kernel. */
const COPIED_BYTES_MAX = 16 * 1024;

/**
 * Writes an HTTP/1.1 request in one write. All fields must be printable ASCII: those that are signed are, and
 * the address was parsed.
 */
export function writeQuestion(stream: Writable, question: Question): void {
  const { body } = question;
  const head = headOf(question);
  if (body.length > COPIED_BYTES_MAX) {
    stream.cork();
    stream.write(head, 'latin1');
    stream.write(body);
    stream.uncork();
    return;
  }
  const bytes = Buffer.allocUnsafe(head.length + body.length);
  bytes.write(head, 'latin1');
  bytes.set(body, head.length);
  stream.write(bytes);
}

function headOf(question: Question): string {
  const { content_type } = question;
  const type_line = content_type === '' ? '' : `content-type: ${content_type}\r\n`;
  return (
    `${question.method} ${question.target} HTTP/1.1\r\nhost: ${question.address}\r\n` +
    `connection: keep-alive\r\ncontent-length: ${question.body.length}\r\n` +
    `${ENVELOPE_HEADER}: ${question.envelope_text}\r\n` +
    `${SIGNATURE_HEADER}: ${question.signature}\r\n${type_line}\r\n`
  );
}
