import { CodecError } from '../../base/codec.ts';
import type { ByteReader, ByteWriter } from '../../base/codec.ts';
import { limits } from '../../limits.ts';
import { decodeConfiguration, encodeConfiguration } from '../raft/configuration-codec.ts';
import type {
  InstallSnapshotRequest,
  InstallSnapshotResponse,
  SnapshotProgress,
} from '../raft/message.ts';
import type { SnapshotManifest } from '../raft/snapshot-manifest.ts';

/** Names of files are made of them. */
const SNAPSHOT_ID_PATTERN = /^[0-9a-z-]{1,64}$/;
const HASH_PATTERN = /^[0-9a-f]{64}$/;

const PROGRESS_CODES = {
  receiving: 1,
  installing: 2,
  installed: 3,
  damaged: 4,
  refused: 5,
} as const satisfies Readonly<Record<SnapshotProgress, number>>;

export function writeInstallSnapshot(writer: ByteWriter, message: InstallSnapshotRequest): void {
  writer.u53(message.term);
  writeManifest(writer, message.manifest);
  writer.u53(message.offset).u32(message.checksum).bytes(message.chunk);
}

/** The chunk is a view on the reader's bytes. */
export function readInstallSnapshot(reader: ByteReader): InstallSnapshotRequest {
  const term = reader.u53();
  const manifest = readManifest(reader);
  const offset = reader.u53();
  const checksum = reader.u32();
  const chunk = reader.bytes();
  if (manifest.base.term > term) throw new CodecError('a snapshot of a later term than its leader');
  if (chunk.length > limits.snapshot_chunk_bytes_max) throw new CodecError('a chunk too large');
  if (offset + chunk.length > manifest.bytes) throw new CodecError('a chunk beyond the end');
  return { kind: 'install_snapshot', term, manifest, offset, chunk, checksum };
}

function writeManifest(writer: ByteWriter, manifest: SnapshotManifest): void {
  const { index, term, configuration: placed } = manifest.base;
  writer.text(manifest.snapshot_id);
  writer.u53(index).u53(term).u53(placed.index).bytes(encodeConfiguration(placed.configuration));
  writer.text(manifest.digest).u32(manifest.schema_version);
  writer.u53(manifest.state_bytes).u53(manifest.bytes).text(manifest.sha256);
}

function readManifest(reader: ByteReader): SnapshotManifest {
  const snapshot_id = reader.text();
  if (!SNAPSHOT_ID_PATTERN.test(snapshot_id)) throw new CodecError('not an id of a snapshot');
  const index = reader.u53();
  const term = reader.u53();
  const configuration_index = reader.u53();
  const configuration = decodeConfiguration(reader.bytes());
  if (configuration_index < 1 || configuration_index > index || term < 1) {
    throw new CodecError('a snapshot that stands nowhere in a log');
  }
  return {
    snapshot_id,
    base: { index, term, configuration: { index: configuration_index, configuration } },
    digest: hashOf(reader.text()),
    schema_version: reader.u32(),
    state_bytes: reader.u53(),
    bytes: reader.u53(),
    sha256: hashOf(reader.text()),
  };
}

function hashOf(text: string): string {
  if (!HASH_PATTERN.test(text)) throw new CodecError('not a SHA-256');
  return text;
}

export function writeSnapshotResponse(writer: ByteWriter, message: InstallSnapshotResponse): void {
  writer.u53(message.term).text(message.snapshot_id);
  writer.u8(PROGRESS_CODES[message.progress]).u53(message.offset);
}

export function readSnapshotResponse(reader: ByteReader): InstallSnapshotResponse {
  return {
    kind: 'install_snapshot_response',
    term: reader.u53(),
    snapshot_id: reader.text(),
    progress: readProgress(reader.u8()),
    offset: reader.u53(),
  };
}

function readProgress(code: number): SnapshotProgress {
  for (const [progress, known] of Object.entries(PROGRESS_CODES)) {
    if (known === code) return progress as SnapshotProgress;
  }
  throw new CodecError(`unknown progress of a snapshot: ${code}`);
}
