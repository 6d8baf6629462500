import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readSync, rmSync, statSync, writeSync } from 'node:fs';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import Database from 'better-sqlite3';
import { assert, must } from '../base/assert.ts';
import type { StorageId } from '../consensus/raft/configuration.ts';
import type { SnapshotManifest } from '../consensus/raft/snapshot-manifest.ts';
import { limits } from '../limits.ts';
import { agenda_migrations } from './agenda-schema.ts';
import { openDatabase } from './database.ts';
import { migrate } from './migrate.ts';
import { placeRow } from './place-row.ts';

/*
 * A snapshot's file: the database as `VACUUM INTO` writes it, in blocks that are deflated each by itself,
 * behind their length as u32. Everything here blocks, on a thread where that disturbs nobody, and needs
 * no more memory than a block.
 */

const BLOCK_BYTES = 1024 * 1024;
/** Deflate's quickest: the disk and the network are not slower than the better ones. */
const DEFLATE_LEVEL = 1;
const LENGTH_BYTES = 4;

interface MetaRow {
  readonly storage_id: StorageId;
  readonly last_applied: number;
  readonly digest: string;
}

export interface MakeSnapshotTask {
  readonly kind: 'make';
  readonly agenda_path: string;
  /** Of the file that is to be made. */
  readonly path: string;
  readonly snapshot_id: string;
}

/** Writes the state as it is committed now; it goes on being changed meanwhile. */
export function makeSnapshot(task: MakeSnapshotTask): SnapshotManifest {
  const { agenda_path, path, snapshot_id } = task;
  const copy_path = `${path}.db`;
  // Unlike the backup API, this does not begin anew at every write.
  const source = new Database(agenda_path, { timeout: limits.database_busy_timeout_ms });
  try {
    source.exec(`VACUUM INTO '${copy_path.replaceAll("'", "''")}'`);
  } finally {
    source.close();
  }
  const stand = readStand(copy_path);
  const packed = packFile(copy_path, path);
  rmSync(copy_path);
  return { snapshot_id, ...stand, ...packed };
}

function readStand(
  path: string,
): Pick<SnapshotManifest, 'base' | 'digest' | 'schema_version' | 'state_bytes'> {
  const copy = new Database(path, { readonly: true });
  try {
    const { last_applied, digest } = readMetaRow(copy);
    const { term, configuration } = placeRow(copy).read();
    return {
      base: {
        index: last_applied,
        term,
        configuration: must(configuration, 'a state without a configuration'),
      },
      digest,
      schema_version: schemaVersion(copy),
      state_bytes: statSync(path).size,
    };
  } finally {
    copy.close();
  }
}

function readMetaRow(database: Database.Database): MetaRow {
  const row = database
    .prepare<[], MetaRow>('SELECT storage_id, last_applied, digest FROM raft_meta')
    .get();
  return must(row, 'agenda.db without its row in raft_meta');
}

function schemaVersion(database: Database.Database): number {
  return database.pragma('user_version', { simple: true }) as number;
}

function packFile(from: string, to: string): Pick<SnapshotManifest, 'bytes' | 'sha256'> {
  const hash = createHash('sha256');
  const block = Buffer.allocUnsafe(BLOCK_BYTES);
  const source = openSync(from, 'r');
  const target = openSync(to, 'wx', 0o600);
  let bytes = 0;
  try {
    for (;;) {
      const read_bytes = readSync(source, block, 0, BLOCK_BYTES, null);
      if (read_bytes === 0) break;
      const packed = deflateRawSync(block.subarray(0, read_bytes), { level: DEFLATE_LEVEL });
      const length = Buffer.alloc(LENGTH_BYTES);
      length.writeUInt32LE(packed.length);
      for (const part of [length, packed]) {
        hash.update(part);
        writeFully(target, part);
        bytes += part.length;
      }
    }
  } finally {
    closeSync(source);
    closeSync(target);
  }
  return { bytes, sha256: hash.digest('hex') };
}

function writeFully(descriptor: number, bytes: Uint8Array): void {
  let written = 0;
  while (written < bytes.length) written += writeSync(descriptor, bytes, written);
}

export interface PrepareSnapshotTask {
  readonly kind: 'prepare';
  /** Of the file that was received. */
  readonly path: string;
  /** Of the database that is to be made of it. */
  readonly database_path: string;
  readonly manifest: SnapshotManifest;
  /** Of the raft.db beside which the state will stand. */
  readonly storage_id: StorageId;
}

/**
 * Makes a database of a file that was received, of this replica and durable. `damaged`: the file is not
 * the one that the manifest describes.
 *
 * @throws {DatabaseTooNewError} of a schema that this program does not know
 */
export function prepareSnapshot(task: PrepareSnapshotTask): 'ready' | 'damaged' {
  const { path, database_path, manifest, storage_id } = task;
  for (const suffix of ['', '-wal', '-shm']) rmSync(database_path + suffix, { force: true });
  if (statSync(path).size !== manifest.bytes || sha256OfFile(path) !== manifest.sha256) {
    return 'damaged';
  }
  unpackFile(path, database_path, manifest.state_bytes);
  const database = openDatabase({ path: database_path, synchronous: 'full' });
  try {
    assert(schemaVersion(database) === manifest.schema_version, 'a state of another schema');
    const { last_applied, digest } = readMetaRow(database);
    const { term } = placeRow(database).read();
    const { base } = manifest;
    assert(last_applied === base.index && term === base.term, 'a state at another index');
    assert(digest === manifest.digest, 'a state with another digest');
    migrate(database, agenda_migrations);
    database.prepare('UPDATE raft_meta SET storage_id = ?').run(storage_id);
  } finally {
    database.close();
  }
  const descriptor = openSync(database_path, 'r');
  fsyncSync(descriptor);
  closeSync(descriptor);
  return 'ready';
}

function sha256OfFile(path: string): string {
  const hash = createHash('sha256');
  const block = Buffer.allocUnsafe(BLOCK_BYTES);
  const descriptor = openSync(path, 'r');
  try {
    for (;;) {
      const read_bytes = readSync(descriptor, block, 0, BLOCK_BYTES, null);
      if (read_bytes === 0) return hash.digest('hex');
      hash.update(block.subarray(0, read_bytes));
    }
  } finally {
    closeSync(descriptor);
  }
}

/** Of bytes that are known to be what was packed. */
function unpackFile(from: string, to: string, state_bytes: number): void {
  const source = openSync(from, 'r');
  const target = openSync(to, 'wx', 0o600);
  const length = Buffer.alloc(LENGTH_BYTES);
  let written_bytes = 0;
  try {
    while (readSync(source, length, 0, LENGTH_BYTES, null) > 0) {
      const packed_bytes = length.readUInt32LE();
      assert(packed_bytes <= 2 * BLOCK_BYTES, 'a block larger than it can be');
      const packed = Buffer.allocUnsafe(packed_bytes);
      assert(readSync(source, packed, 0, packed_bytes, null) === packed_bytes, 'a torn block');
      const block = inflateRawSync(packed, { maxOutputLength: BLOCK_BYTES });
      writeFully(target, block);
      written_bytes += block.length;
    }
  } finally {
    closeSync(source);
    closeSync(target);
  }
  assert(written_bytes === state_bytes, 'a state of another size');
}
