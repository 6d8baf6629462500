import { describe, expect, test } from '@jest/globals';
import {
  array,
  assert,
  boolean,
  constant,
  double,
  maxSafeNat,
  nat,
  oneof,
  property,
  record,
  string,
  uint8Array,
} from 'fast-check';
import type { Arbitrary } from 'fast-check';
import { unreachable } from '../../src/base/assert.ts';
import { ByteReader, ByteWriter, CodecError } from '../../src/base/codec.ts';

type Item =
  | { kind: 'u8' | 'u32' | 'u53' | 'f64'; value: number }
  | { kind: 'boolean'; value: boolean }
  | { kind: 'text'; value: string }
  | { kind: 'bytes'; value: Uint8Array };

const item: Arbitrary<Item> = oneof(
  record({ kind: constant('u8' as const), value: nat(255) }),
  record({ kind: constant('u32' as const), value: nat(2 ** 32 - 1) }),
  record({ kind: constant('u53' as const), value: maxSafeNat() }),
  record({ kind: constant('f64' as const), value: double({ noNaN: true }) }),
  record({ kind: constant('boolean' as const), value: boolean() }),
  record({ kind: constant('text' as const), value: string({ unit: 'grapheme' }) }),
  record({ kind: constant('bytes' as const), value: uint8Array({ maxLength: 300 }) }),
);

function write(writer: ByteWriter, one: Item): void {
  switch (one.kind) {
    case 'boolean':
      writer.boolean(one.value);
      return;
    case 'text':
      writer.text(one.value);
      return;
    case 'bytes':
      writer.bytes(one.value);
      return;
    case 'u8':
    case 'u32':
    case 'u53':
    case 'f64':
      writer[one.kind](one.value);
      return;
    default:
      unreachable(one);
  }
}

describe('codec', () => {
  test('reads back whatever was written, however small the first buffer was', () => {
    assert(
      property(array(item, { maxLength: 60 }), (items) => {
        const writer = new ByteWriter(0);
        for (const one of items) write(writer, one);
        const reader = new ByteReader(writer.finish());
        for (const one of items) {
          const value = reader[one.kind]();
          if (one.kind === 'bytes') expect([...(value as Buffer)]).toEqual([...one.value]);
          else expect(value).toBe(one.value);
        }
        reader.end();
      }),
    );
  });

  test('refuses what is cut short, too long, or not what it says', () => {
    const bytes = new ByteWriter().u53(7).text('agenda').finish();
    for (let length = 0; length < bytes.length; length += 1) {
      const reader = new ByteReader(bytes.subarray(0, length));
      expect(() => [reader.u53(), reader.text()]).toThrow(CodecError);
    }
    const reader = new ByteReader(bytes);
    reader.u53();
    expect(() => reader.end()).toThrow(CodecError);
    expect(() => new ByteReader(Buffer.alloc(8, 0xff)).u53()).toThrow(CodecError);
    expect(() => new ByteReader(Buffer.from([2])).boolean()).toThrow(CodecError);
  });
});
