import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { CodecError } from '../../../src/base/codec.ts';
import {
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
} from '../../../src/consensus/rpc/message-codec.ts';
import { sealEntry } from '../../../src/consensus/raft/seal-entry.ts';
import type { Entry } from '../../../src/consensus/raft/entry.ts';
import type { AppendRequest, Request } from '../../../src/consensus/raft/message.ts';
import { limits } from '../../../src/limits.ts';
import { requestArbitrary, responseArbitrary } from './message-arbitrary.ts';

function entry(index: number, term: number): Entry {
  return sealEntry({ index, term, kind: 'command', request_id: 'r', payload: Buffer.from('p') });
}

function append(fields: Partial<AppendRequest>): Request {
  const previous = { index: 4, term: 2 };
  return {
    kind: 'append',
    term: 3,
    append_id: 1,
    previous,
    entries: [],
    leader_commit: 0,
    ...fields,
  };
}

/** Bytes instead of a message: CodecError, or what they happen to mean; nothing else is thrown. */
function expectHandled(decode: (bytes: Buffer) => unknown, bytes: Buffer): void {
  try {
    decode(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(CodecError);
  }
}

describe('message codec', () => {
  test('a request is read as it was written', () => {
    fc.assert(
      fc.property(requestArbitrary, (message) => {
        expect(decodeRequest(encodeRequest(message))).toEqual(message);
      }),
    );
  });

  test('a response is read as it was written', () => {
    fc.assert(
      fc.property(responseArbitrary, (message) => {
        expect(decodeResponse(encodeResponse(message))).toEqual(message);
      }),
    );
  });

  test('every shortened or lengthened message is refused', () => {
    fc.assert(
      fc.property(requestArbitrary, responseArbitrary, fc.nat(), (request, response, cut) => {
        const bytes = encodeRequest(request);
        expect(() => decodeRequest(bytes.subarray(0, cut % bytes.length))).toThrow(CodecError);
        expect(() => decodeRequest(Buffer.concat([bytes, Buffer.of(0)]))).toThrow(CodecError);
        const answer = encodeResponse(response);
        expect(() => decodeResponse(answer.subarray(0, cut % answer.length))).toThrow(CodecError);
        expect(() => decodeResponse(Buffer.concat([answer, Buffer.of(0)]))).toThrow(CodecError);
      }),
    );
  });

  test('garbage and flipped bytes throw nothing but CodecError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (garbage) => {
        const bytes = Buffer.from([1, ...garbage]);
        expectHandled(decodeRequest, bytes);
        expectHandled(decodeResponse, bytes);
      }),
    );
    fc.assert(
      fc.property(
        requestArbitrary,
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (message, at, flip) => {
          const bytes = Buffer.from(encodeRequest(message));
          const offset = at % bytes.length;
          bytes.writeUInt8(bytes.readUInt8(offset) ^ flip, offset);
          expectHandled(decodeRequest, bytes);
        },
      ),
    );
  });

  test('another version is refused, and so is a response in place of a request', () => {
    const bytes = Buffer.from(encodeRequest({ kind: 'read_index', term: 1, read_id: 1 }));
    bytes.writeUInt8(1, 0);
    expect(() => decodeRequest(bytes)).toThrow(/version 1/);
    const response = encodeResponse({
      kind: 'read_index_response',
      term: 1,
      read_id: 1,
      read_index: null,
    });
    expect(() => decodeRequest(response)).toThrow(CodecError);
    expect(() =>
      decodeResponse(encodeRequest({ kind: 'read_index', term: 1, read_id: 1 })),
    ).toThrow(CodecError);
  });

  test('an entry whose checksum does not match is refused', () => {
    const sound = entry(5, 2);
    const damaged = { ...sound, payload: Buffer.from('q') };
    expect(() => decodeRequest(encodeRequest(append({ entries: [damaged] })))).toThrow(/checksum/);
  });

  test('entries that no leader sends are refused', () => {
    const gap = append({ entries: [entry(6, 2)] });
    expect(() => decodeRequest(encodeRequest(gap))).toThrow(/consecutive/);
    const older = append({ entries: [entry(5, 1)] });
    expect(() => decodeRequest(encodeRequest(older))).toThrow(/decrease/);
    const later = append({ entries: [entry(5, 4)] });
    expect(() => decodeRequest(encodeRequest(later))).toThrow(/later term/);
  });

  test('a claimed number of entries beyond the bound is refused before any is read', () => {
    const bytes = Buffer.from(encodeRequest(append({})));
    bytes.writeUInt32LE(limits.append_entries_max + 1, bytes.length - 4);
    expect(() => decodeRequest(bytes)).toThrow(/entries in an append/);
    const more = Array.from({ length: limits.append_entries_max + 1 }, (_, at) => entry(5 + at, 2));
    expect(() => encodeRequest(append({ entries: more }))).toThrow(/too many entries/);
  });

  test('a time that is not finite is refused', () => {
    const freshness = { echo_ms: Number.NaN, commit_index: 0 };
    const message: Request = { kind: 'heartbeat', term: 1, round: 1, commit_index: 0, freshness };
    expect(() => decodeRequest(encodeRequest(message))).toThrow(/finite/);
  });
});
