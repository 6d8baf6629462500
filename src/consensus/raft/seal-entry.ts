import { assert } from '../../base/assert.ts';
import { ByteWriter } from '../../base/codec.ts';
import { crc32 } from '../../base/crc32.ts';
import { entryKindCode } from './entry-kind-code.ts';
import type { Entry } from './entry.ts';

const FIXED_BYTES = 25;
/** In UTF-8, of one UTF-16 code unit. */
const BYTES_PER_UNIT = 3;

/** Index, term, kind, request id, payload, in the order and form of the wire. */
function checksumOf(fields: Omit<Entry, 'checksum'>): number {
  const head = new ByteWriter(FIXED_BYTES + fields.request_id.length * BYTES_PER_UNIT)
    .u53(fields.index)
    .u53(fields.term)
    .u8(entryKindCode(fields.kind))
    .text(fields.request_id)
    .u32(fields.payload.length)
    .finish();
  return crc32(fields.payload, crc32(head));
}

/** An entry with the checksum that belongs to its fields. */
export function sealEntry(fields: Omit<Entry, 'checksum'>): Entry {
  assert(fields.index >= 1, 'the first entry has index 1');
  return {
    index: fields.index,
    term: fields.term,
    kind: fields.kind,
    request_id: fields.request_id,
    payload: fields.payload,
    checksum: checksumOf(fields),
  };
}

/** Whether the entry is what was sealed. */
export function entryChecksumHolds(entry: Entry): boolean {
  return checksumOf(entry) === entry.checksum;
}
