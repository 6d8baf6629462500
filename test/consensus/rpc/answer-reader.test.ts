import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { AnswerReader } from '../../../src/consensus/rpc/answer-reader.ts';
import type { Reading } from '../../../src/consensus/rpc/answer-reader.ts';
import { limits } from '../../../src/limits.ts';

const BODY = 'five\n';
const FIELDS = [
  'Content-Type: application/octet-stream',
  'content-length: 5',
  'X-Cluster-Envelope:1,a,b ',
  'x-cluster-signature: \t00ff',
  'Date: Thu, 26 Nov 2026 08:00:00 GMT',
  'Connection: keep-alive',
  'Keep-Alive: timeout=65',
];
const ANSWER = {
  status: 200,
  content_type: 'application/octet-stream',
  envelope_text: '1,a,b',
  signature: '00ff',
  body: Buffer.from(BODY),
};

function textOf(fields: readonly string[], status_line = 'HTTP/1.1 200 OK', body = BODY): string {
  return `${[status_line, ...fields].join('\r\n')}\r\n\r\n${body}`;
}

/** One after the other in the same place, as bytes come from a connection. */
function readPieces(reader: AnswerReader, pieces: readonly string[]): Reading[] {
  const place = Buffer.alloc(Math.max(1, ...pieces.map((piece) => piece.length)));
  return pieces.map((piece) => {
    const count = place.write(piece, 'latin1');
    const reading = reader.read(place.subarray(0, count));
    place.fill(0xff);
    return reading;
  });
}

function readOne(text: string): Reading {
  const [reading] = readPieces(new AnswerReader(), [text]);
  return reading ?? { kind: 'more' };
}

function reasonOf(text: string): string {
  const reading = readOne(text);
  return reading.kind === 'malformed' ? reading.reason : reading.kind;
}

function lengthTold(length: string): string {
  return textOf([`content-length: ${length}`], 'HTTP/1.1 200 OK', '');
}

const COMPLETE = { kind: 'complete', answer: ANSWER, is_last: false };

describe('an answer', () => {
  test('split at each byte is the same', () => {
    const text = textOf(FIELDS);
    for (let at = 1; at < text.length; at += 1) {
      const readings = readPieces(new AnswerReader(), [text.slice(0, at), text.slice(at)]);
      expect(readings).toEqual([{ kind: 'more' }, COMPLETE]);
    }
  });

  test('in any pieces is the same, and so is the next over the same connection', () => {
    const text = textOf(FIELDS);
    const cuts = fc.array(fc.nat({ max: text.length }), { maxLength: 20 });
    fc.assert(
      fc.property(fc.array(cuts, { minLength: 1, maxLength: 3 }), (answers) => {
        const reader = new AnswerReader();
        for (const places of answers) {
          const sorted = [...new Set([0, ...places, text.length])].sort((a, b) => a - b);
          const pieces = sorted.slice(1).map((end, at) => text.slice(sorted[at], end));
          const readings = readPieces(reader, pieces);
          expect(readings.at(-1)).toEqual(COMPLETE);
          expect(readings.slice(0, -1).every(({ kind }) => kind === 'more')).toBe(true);
          expect(reader.has_begun).toBe(false);
        }
      }),
    );
  });

  test('one byte at a time is the same; it has begun with the first', () => {
    const reader = new AnswerReader();
    expect(reader.has_begun).toBe(false);
    const bytes = textOf(FIELDS).split('');
    const readings = bytes.map((byte) => {
      const [reading] = readPieces(reader, [byte]);
      return [reading?.kind, reader.has_begun];
    });
    expect(readings.pop()).toEqual(['complete', false]);
    expect(new Set(readings.map(String))).toEqual(new Set(['more,true']));
  });

  test('may be without a body, a type, an envelope and a signature', () => {
    expect(readOne(textOf(['Content-Length: 0'], 'HTTP/1.1 404', ''))).toEqual({
      kind: 'complete',
      answer: {
        status: 404,
        content_type: '',
        envelope_text: '',
        signature: '',
        body: Buffer.alloc(0),
      },
      is_last: false,
    });
  });

  test.each([
    ['Connection: close', true],
    ['connection: Close', true],
    ['connection: x, close', true],
    ['connection: keep-alive', false],
    ['x-connection: close', false],
  ])('with "%s": it is the last: %s', (line, is_last) => {
    expect(readOne(textOf([...FIELDS.slice(0, 4), line]))).toEqual({ ...COMPLETE, is_last });
  });

  test('followed by a byte is two, and none of them is believed', () => {
    const text = textOf(FIELDS);
    expect(reasonOf(`${text}H`)).toBe('more than one answer');
    expect(reasonOf(text + text)).toBe('more than one answer');
    const [, second] = readPieces(new AnswerReader(), [text.slice(0, -1), `${text.slice(-1)}H`]);
    expect(second).toEqual({ kind: 'malformed', reason: 'more than one answer' });
  });
});

describe('not an answer', () => {
  test.each([
    ['\x15\x03\x01', 'not HTTP/1.1'],
    ['HTTP/1.0 200 OK\r\n', 'not HTTP/1.1'],
    ['http/1.1 200 OK\r\n', 'not HTTP/1.1'],
    ['\r\nHTTP/1.1 200 OK\r\n', 'not HTTP/1.1'],
    ['HX', 'not HTTP/1.1'],
  ])('%j, at once', (text, reason) => {
    expect(reasonOf(text)).toBe(reason);
  });

  test.each([
    'HTTP/1.1 100 Continue',
    'HTTP/1.1 101 Switching Protocols',
    'HTTP/1.1 600 x',
    'HTTP/1.1 2000 x',
    'HTTP/1.1 20 x',
    'HTTP/1.1  200 OK',
    'HTTP/1.1 200\tOK',
    'HTTP/1.1 200 O\x00K',
    'HTTP/1.1 200 O\xe9K',
    'HTTP/1.1 OK',
  ])('status line %j', (status_line) => {
    expect(reasonOf(textOf(FIELDS, status_line))).toBe('the status line is malformed');
  });

  test.each([
    'no colon',
    ': no name',
    'space before : x',
    ' folded: x',
    '\tfolded',
    'bare: \n line: x',
    'bare: \r line: x',
    'control: \x00',
    'beyond-ascii: \xe9',
    'n\xe4me: x',
    '',
  ])('header line %j', (line) => {
    const text = textOf([...FIELDS, line, 'y: z']);
    // An empty line is the end of the head.
    const reason = line === '' ? 'more than one answer' : 'a header field is malformed';
    expect(reasonOf(text)).toBe(reason);
  });

  test.each([
    'Content-Length: 5',
    'content-type: x',
    'X-Cluster-Envelope: x',
    'X-Cluster-Signature: x',
  ])('%s twice', (line) => {
    const name = line.slice(0, line.indexOf(':')).toLowerCase();
    expect(reasonOf(textOf([...FIELDS, line]))).toBe(`${name} is there twice`);
  });

  test.each(['chunked', 'identity', ''])('with transfer encoding %j', (encoding) => {
    expect(reasonOf(textOf([...FIELDS, `Transfer-Encoding: ${encoding}`]))).toBe(
      'it has a transfer encoding',
    );
  });

  test.each(['', '-1', '+5', '5, 5', '0x5', '5.0', '1'.repeat(16), 'five'])(
    'of length %j',
    (length) => {
      expect(reasonOf(lengthTold(length))).toBe('its length is not told');
    },
  );

  test('without a length', () => {
    expect(reasonOf(textOf(FIELDS.filter((line) => !line.startsWith('content-length'))))).toBe(
      'its length is not told',
    );
  });

  test('too large, by its head, before any of its body came', () => {
    expect(reasonOf(lengthTold(String(limits.rpc_body_bytes_max)))).toBe('more');
    expect(reasonOf(lengthTold(String(limits.rpc_body_bytes_max + 1)))).toBe(
      'the answer is too large',
    );
  });

  test('with a head beyond the bound, complete or not, in one piece or in many', () => {
    const bytes_max = limits.rpc_answer_head_bytes_max;
    const empty = textOf([...FIELDS, 'x: ']).length - BODY.length;
    const full = textOf([...FIELDS, `x: ${'y'.repeat(bytes_max - empty)}`]);
    expect(readOne(full)).toEqual(COMPLETE);
    const beyond = textOf([...FIELDS, `x: ${'y'.repeat(bytes_max - empty + 1)}`]);
    expect(reasonOf(beyond)).toBe('the head is too large');
    const reader = new AnswerReader();
    const endless = readPieces(reader, [
      'HTTP/1.1 200 OK\r\nx: ',
      ...'y'.repeat(bytes_max).split(''),
    ]);
    const at = endless.findIndex(({ kind }) => kind === 'malformed');
    expect('HTTP/1.1 200 OK\r\nx: '.length + at).toBe(bytes_max + 1);
  });

  test('whatever comes, nothing is thrown, and only what is an answer is one', () => {
    const line = fc.oneof(
      fc.constantFrom(...FIELDS, 'Transfer-Encoding: chunked', 'content-length: 4', ' x', 'y'),
      fc.string({ unit: 'binary', maxLength: 12 }),
    );
    const texts = fc
      .tuple(fc.constantFrom('HTTP/1.1 200 OK', 'HTTP/1.1 100', 'HTTP'), fc.array(line))
      .map(([status_line, lines]) => textOf(lines, status_line));
    fc.assert(
      fc.property(texts, (text) => {
        const bytes = Buffer.from(text, 'latin1');
        const reading = new AnswerReader().read(bytes);
        if (reading.kind !== 'complete') return;
        expect(text.startsWith('HTTP/1.1 200 OK\r\n')).toBe(true);
        expect(text.toLowerCase().split('\r\ncontent-length:').length).toBe(2);
        expect(text.slice(0, text.indexOf('\r\n\r\n'))).not.toMatch(/transfer-encoding/i);
      }),
    );
  });
});
