import { CodecError } from '../base/codec.ts';
import type { ByteReader, ByteWriter } from '../base/codec.ts';
import { entryKindCode, entryKindOf } from './raft/entry-kind-code.ts';
import type { Entry } from './raft/entry.ts';
import { entryChecksumHolds } from './raft/seal-entry.ts';

/** Index u53, term u53, kind u8, request id, payload, checksum u32: for messages and for threads. */
export function writeEntry(writer: ByteWriter, entry: Entry): void {
  writer
    .u53(entry.index)
    .u53(entry.term)
    .u8(entryKindCode(entry.kind))
    .text(entry.request_id)
    .bytes(entry.payload)
    .u32(entry.checksum);
}

/**
 * Reads what {@link writeEntry} wrote; the payload is a view on the reader's bytes.
 *
 * @throws {CodecError} malformed, of an unknown kind, or not matching its checksum
 */
export function readEntry(reader: ByteReader): Entry {
  const index = reader.u53();
  const term = reader.u53();
  const kind_code = reader.u8();
  const request_id = reader.text();
  const payload = reader.bytes();
  const checksum = reader.u32();
  if (index < 1) throw new CodecError('an entry without an index');
  const kind = entryKindOf(kind_code);
  if (kind === null) throw new CodecError(`entry ${index} is of the unknown kind ${kind_code}`);
  const entry: Entry = { index, term, kind, request_id, payload, checksum };
  if (!entryChecksumHolds(entry)) {
    throw new CodecError(`entry ${index} does not match its checksum`);
  }
  return entry;
}
