import { ByteReader, ByteWriter } from '../base/codec.ts';
import { readEntry, writeEntry } from '../consensus/entry-codec.ts';
import { decodeConfiguration, encodeConfiguration } from '../consensus/raft/configuration-codec.ts';
import type { Member } from '../consensus/raft/configuration.ts';
import type { HardState, Persist } from '../consensus/raft/effect.ts';
import type { Entry } from '../consensus/raft/entry.ts';
import type { LogBase } from '../consensus/raft/log-base.ts';

/*
 * How writes and entries cross between threads: as one buffer that is handed over. A structured clone
 * of the objects costs several times as much, on the thread that must not be kept.
 */

/** The writes in a buffer of their own, which can be transferred. */
export function encodeWrites(writes: readonly Persist[]): ArrayBuffer {
  let bytes_max = 4;
  for (const write of writes) bytes_max += headBytesMax(write) + bytesMax(write.entries);
  const writer = new ByteWriter(bytes_max);
  writer.u32(writes.length);
  for (const write of writes) {
    writer.u53(write.write_id);
    writeHardState(writer, write.hard_state);
    writer.u53(write.truncate_from ?? 0);
    writeBase(writer, write.base);
    writer.u53(write.commit_index);
    writer.u32(write.entries.length);
    for (const entry of write.entries) writeEntry(writer, entry);
  }
  return ownBuffer(writer);
}

/** @throws {CodecError} not what {@link encodeWrites} made */
export function decodeWrites(buffer: ArrayBuffer): readonly Persist[] {
  const reader = new ByteReader(new Uint8Array(buffer));
  const writes: Persist[] = [];
  for (let left = reader.u32(); left > 0; left--) {
    const write_id = reader.u53();
    const hard_state = readHardState(reader);
    const truncate_from = reader.u53();
    const base = readBase(reader);
    const commit_index = reader.u53();
    writes.push({
      kind: 'persist',
      write_id,
      hard_state,
      truncate_from: truncate_from === 0 ? null : truncate_from,
      base,
      entries: readEntries(reader),
      commit_index,
    });
  }
  reader.end();
  return writes;
}

/** The entries in a buffer of their own, which can be transferred. */
export function encodeEntries(entries: readonly Entry[]): ArrayBuffer {
  const writer = new ByteWriter(4 + bytesMax(entries));
  writer.u32(entries.length);
  for (const entry of entries) writeEntry(writer, entry);
  return ownBuffer(writer);
}

/** @throws {CodecError} not what {@link encodeEntries} made */
export function decodeEntries(buffer: ArrayBuffer): readonly Entry[] {
  const reader = new ByteReader(new Uint8Array(buffer));
  const entries = readEntries(reader);
  reader.end();
  return entries;
}

function readEntries(reader: ByteReader): Entry[] {
  const entries: Entry[] = [];
  for (let left = reader.u32(); left > 0; left--) entries.push(readEntry(reader));
  return entries;
}

function writeHardState(writer: ByteWriter, hard_state: HardState | null): void {
  writer.boolean(hard_state !== null);
  if (hard_state === null) return;
  writer.u53(hard_state.term).boolean(hard_state.voted_for !== null);
  if (hard_state.voted_for === null) return;
  writer.text(hard_state.voted_for.node_id).text(hard_state.voted_for.storage_id);
}

function readHardState(reader: ByteReader): HardState | null {
  if (!reader.boolean()) return null;
  const term = reader.u53();
  if (!reader.boolean()) return { term, voted_for: null };
  const voted_for: Member = { node_id: reader.text(), storage_id: reader.text() };
  return { term, voted_for };
}

function writeBase(writer: ByteWriter, base: LogBase | null): void {
  writer.boolean(base !== null);
  if (base === null) return;
  const { index, term, configuration: placed } = base;
  writer.u53(index).u53(term).u53(placed.index);
  writer.bytes(encodeConfiguration(placed.configuration));
}

function readBase(reader: ByteReader): LogBase | null {
  if (!reader.boolean()) return null;
  const index = reader.u53();
  const term = reader.u53();
  const configuration_index = reader.u53();
  const configuration = decodeConfiguration(reader.bytes());
  return { index, term, configuration: { index: configuration_index, configuration } };
}

/** In UTF-8, of one UTF-16 code unit. */
const BYTES_PER_UNIT = 3;

/** Of a write without its entries and its cut, which is rare: 47 bytes of numbers and lengths, and the name of who got the vote. */
function headBytesMax({ hard_state }: Persist): number {
  const voted_for = hard_state?.voted_for ?? { node_id: '', storage_id: '' };
  return 48 + (voted_for.node_id.length + voted_for.storage_id.length) * BYTES_PER_UNIT;
}

function bytesMax(entries: readonly Entry[]): number {
  let bytes = 0;
  for (const { payload, request_id } of entries) {
    bytes += 32 + payload.length + request_id.length * BYTES_PER_UNIT;
  }
  return bytes;
}

/** A copy: the writer's memory may be part of Node's pool, which cannot be transferred. */
function ownBuffer(writer: ByteWriter): ArrayBuffer {
  return new Uint8Array(writer.finish()).buffer;
}
