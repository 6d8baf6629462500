import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { ByteReader, ByteWriter, CodecError } from '../../src/base/codec.ts';
import { readEntry, writeEntry } from '../../src/consensus/entry-codec.ts';
import type { Entry, EntryKind } from '../../src/consensus/raft/entry.ts';
import { entryChecksumHolds, sealEntry } from '../../src/consensus/raft/seal-entry.ts';
import { commandEntry } from '../support/log-fixtures.ts';

const entries = fc
  .record({
    index: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    term: fc.maxSafeNat(),
    kind: fc.constantFrom<EntryKind>('no_op', 'command', 'configuration'),
    request_id: fc.string({ unit: 'grapheme' }),
    payload: fc.uint8Array({ maxLength: 100 }),
  })
  .map(sealEntry);

function encoded(entry: Entry): Buffer {
  const writer = new ByteWriter(4_096);
  writeEntry(writer, entry);
  return writer.finish();
}

test('an entry comes back as it was written', () => {
  fc.assert(
    fc.property(entries, (entry) => {
      const reader = new ByteReader(encoded(entry));
      const { payload, ...fields } = readEntry(reader);
      reader.end();
      expect({ ...fields, payload: [...payload] }).toEqual({
        ...entry,
        payload: [...entry.payload],
      });
    }),
  );
});

test('every flipped bit and every missing byte is noticed', () => {
  const bytes = encoded(commandEntry(7, 3, 20));
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const damaged = Buffer.from(bytes);
    damaged.writeUInt8(damaged.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    expect(() => readEntry(new ByteReader(damaged))).toThrow(CodecError);
  }
  for (let length = 0; length < bytes.length; length++) {
    expect(() => readEntry(new ByteReader(bytes.subarray(0, length)))).toThrow(CodecError);
  }
});

test('the checksum covers every field', () => {
  const entry = commandEntry(7, 3);
  expect(entryChecksumHolds(entry)).toBe(true);
  const changes: Partial<Entry>[] = [
    { index: 8 },
    { term: 4 },
    { kind: 'no_op' },
    { request_id: 'another' },
    { payload: entry.payload.subarray(1) },
    { checksum: entry.checksum ^ 1 },
  ];
  for (const change of changes) expect(entryChecksumHolds({ ...entry, ...change })).toBe(false);
});

test('the form on the disk does not change between versions of the program', () => {
  const entry = sealEntry({
    index: 258,
    term: 3,
    kind: 'command',
    request_id: 'é',
    payload: Buffer.from('abc'),
  });
  const fields = ['0201000000000000', '0300000000000000', '01', '02000000c3a9', '03000000616263'];
  expect(encoded(entry).toString('hex')).toBe(`${fields.join('')}9b992c10`);
});
