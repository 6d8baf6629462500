import { limits } from '../../limits.ts';
import { ENVELOPE_HEADER, SIGNATURE_HEADER } from './envelope.ts';

/** What is before the body. A field that did not come is empty. */
export interface AnswerHead {
  readonly status: number;
  readonly content_length: number;
  readonly content_type: string;
  readonly envelope_text: string;
  readonly signature: string;
  /** The connection ends with this answer. */
  readonly is_last: boolean;
}

/** RFC 9112, §4; none that announces another answer (1xx). */
const STATUS_LINE = /^HTTP\/1\.1 ([2-5][0-9]{2})(?: [\t -~]*)?$/;
/** RFC 9110, §5.5 and §5.6.2; ASCII only, and no line folding. */
const FIELD_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[\t ]*([\t -~]*)$/;
const LENGTH = /^[0-9]{1,15}$/;

/**
 * The head, without the empty line at its end, as replicas write it: with a length, and what we read not
 * there twice. A text says why it is none.
 */
export function parseAnswerHead(text: string): AnswerHead | string {
  const lines = text.split('\r\n');
  const [status_line = ''] = lines;
  const status = STATUS_LINE.exec(status_line)?.[1];
  if (status === undefined) return 'the status line is malformed';
  const fields = new Map<string, string>();
  let is_last = false;
  for (let at = 1; at < lines.length; at += 1) {
    const match = FIELD_LINE.exec(lines[at] ?? '');
    if (match === null) return 'a header field is malformed';
    const [, name = '', value = ''] = match;
    const key = name.toLowerCase();
    switch (key) {
      case 'content-length':
      case 'content-type':
      case ENVELOPE_HEADER:
      case SIGNATURE_HEADER:
        if (fields.has(key)) return `${key} is there twice`;
        fields.set(key, value.trimEnd());
        break;
      case 'connection':
        if (/\bclose\b/i.test(value)) is_last = true;
        break;
      case 'transfer-encoding':
        return 'it has a transfer encoding';
      default:
    }
  }
  const length_text = fields.get('content-length') ?? '';
  if (!LENGTH.test(length_text)) return 'its length is not told';
  const content_length = Number(length_text);
  if (content_length > limits.rpc_body_bytes_max) return 'the answer is too large';
  return {
    status: Number(status),
    content_length,
    content_type: fields.get('content-type') ?? '',
    envelope_text: fields.get(ENVELOPE_HEADER) ?? '',
    signature: fields.get(SIGNATURE_HEADER) ?? '',
    is_last,
  };
}
