import { assert, unreachable } from '../../base/assert.ts';
import { ByteReader, ByteWriter, CodecError } from '../../base/codec.ts';
import { limits } from '../../limits.ts';
import { readEntry, writeEntry } from '../entry-codec.ts';
import { entryBytes } from '../raft/entry.ts';
import type { Entry, Position } from '../raft/entry.ts';
import type {
  AppendRequest,
  AppendResponse,
  Freshness,
  HeartbeatRequest,
  HeartbeatResponse,
  LogConflict,
  Request,
  Response,
  VoteRequest,
} from '../raft/message.ts';
import {
  readInstallSnapshot,
  readSnapshotResponse,
  writeInstallSnapshot,
  writeSnapshotResponse,
} from './snapshot-codec.ts';

/** First byte of every message; another version is another format. */
const VERSION = 3;

/** Requests and responses share no code, so that one is never read as the other. */
const KIND_CODES = {
  vote: 1,
  append: 2,
  heartbeat: 3,
  read_index: 4,
  timeout_now: 5,
  install_snapshot: 6,
  vote_response: 65,
  append_response: 66,
  heartbeat_response: 67,
  read_index_response: 68,
  timeout_now_response: 69,
  install_snapshot_response: 70,
} as const;

/** What a vote is asked for. */
const VOTE_CODES = { vote: 0, pre_vote: 1, transfer: 2 } as const;

const SMALL_MESSAGE_BYTES = 64;

/** A request as bytes; asserts the bounds that {@link decodeRequest} enforces. */
export function encodeRequest(message: Request): Buffer {
  switch (message.kind) {
    case 'vote': {
      const writer = begin('vote', SMALL_MESSAGE_BYTES);
      writer.u8(VOTE_CODES[votePurpose(message)]).u53(message.term);
      writePosition(writer, message.last_log);
      return writer.finish();
    }
    case 'append':
      return encodeAppend(message);
    case 'heartbeat': {
      const writer = begin('heartbeat', SMALL_MESSAGE_BYTES);
      writer.u53(message.term).u53(message.round).u53(message.commit_index);
      writeFreshness(writer, message.freshness);
      return writer.finish();
    }
    case 'read_index':
      return begin('read_index', SMALL_MESSAGE_BYTES)
        .u53(message.term)
        .u53(message.read_id)
        .finish();
    case 'install_snapshot': {
      const writer = begin('install_snapshot', SMALL_MESSAGE_BYTES + message.chunk.length);
      writeInstallSnapshot(writer, message);
      return writer.finish();
    }
    case 'timeout_now':
      return begin('timeout_now', SMALL_MESSAGE_BYTES).u53(message.term).finish();
    default:
      return unreachable(message);
  }
}

/** @throws {CodecError} malformed, out of bounds, or of another version */
export function decodeRequest(bytes: Uint8Array): Request {
  const reader = open(bytes);
  const message = readRequest(reader, reader.u8());
  reader.end();
  return message;
}

/** A response as bytes. */
export function encodeResponse(message: Response): Buffer {
  const writer = begin(message.kind, SMALL_MESSAGE_BYTES);
  switch (message.kind) {
    case 'vote_response':
      writer
        .boolean(message.pre_vote)
        .u53(message.asked_term)
        .u53(message.term)
        .boolean(message.granted);
      return writer.finish();
    case 'append_response':
      writer
        .u53(message.term)
        .u53(message.append_id)
        .boolean(message.success)
        .u53(message.match_index);
      writeConflict(writer, message.conflict);
      return writer.finish();
    case 'heartbeat_response':
      writer
        .u53(message.term)
        .u53(message.round)
        .boolean(message.success)
        .f64(message.echo_ms)
        .u53(message.applied_index)
        .u53(message.last_index)
        .u53(message.needs_snapshot_from)
        .u53(message.priority);
      return writer.finish();
    case 'read_index_response':
      writer
        .u53(message.term)
        .u53(message.read_id)
        .boolean(message.read_index !== null);
      if (message.read_index !== null) writer.u53(message.read_index);
      return writer.finish();
    case 'install_snapshot_response':
      writeSnapshotResponse(writer, message);
      return writer.finish();
    case 'timeout_now_response':
      return writer.u53(message.term).boolean(message.accepted).finish();
    default:
      return unreachable(message);
  }
}

/** @throws {CodecError} malformed, out of bounds, or of another version */
export function decodeResponse(bytes: Uint8Array): Response {
  const reader = open(bytes);
  const message = readResponse(reader, reader.u8());
  reader.end();
  return message;
}

function begin(kind: keyof typeof KIND_CODES, expected_bytes: number): ByteWriter {
  return new ByteWriter(expected_bytes).u8(VERSION).u8(KIND_CODES[kind]);
}

function open(bytes: Uint8Array): ByteReader {
  if (bytes.length > limits.rpc_body_bytes_max) throw new CodecError('message too large');
  const reader = new ByteReader(bytes);
  const version = reader.u8();
  if (version !== VERSION) throw new CodecError(`unknown message version ${version}`);
  return reader;
}

function readRequest(reader: ByteReader, code: number): Request {
  switch (code) {
    case KIND_CODES.vote:
      return readVote(reader);
    case KIND_CODES.append:
      return readAppend(reader);
    case KIND_CODES.heartbeat:
      return readHeartbeat(reader);
    case KIND_CODES.read_index:
      return { kind: 'read_index', term: reader.u53(), read_id: reader.u53() };
    case KIND_CODES.install_snapshot:
      return readInstallSnapshot(reader);
    case KIND_CODES.timeout_now:
      return { kind: 'timeout_now', term: reader.u53() };
    default:
      throw new CodecError(`unknown kind of request: ${code}`);
  }
}

function readResponse(reader: ByteReader, code: number): Response {
  switch (code) {
    case KIND_CODES.vote_response:
      return {
        kind: 'vote_response',
        pre_vote: reader.boolean(),
        asked_term: reader.u53(),
        term: reader.u53(),
        granted: reader.boolean(),
      };
    case KIND_CODES.append_response:
      return readAppendResponse(reader);
    case KIND_CODES.heartbeat_response:
      return readHeartbeatResponse(reader);
    case KIND_CODES.read_index_response:
      return {
        kind: 'read_index_response',
        term: reader.u53(),
        read_id: reader.u53(),
        read_index: reader.boolean() ? reader.u53() : null,
      };
    case KIND_CODES.install_snapshot_response:
      return readSnapshotResponse(reader);
    case KIND_CODES.timeout_now_response:
      return {
        kind: 'timeout_now_response',
        term: reader.u53(),
        accepted: reader.boolean(),
      };
    default:
      throw new CodecError(`unknown kind of response: ${code}`);
  }
}

function votePurpose({ pre_vote, is_transfer }: VoteRequest): keyof typeof VOTE_CODES {
  assert(!pre_vote || !is_transfer, 'who was asked to stand asks nobody beforehand');
  if (pre_vote) return 'pre_vote';
  return is_transfer ? 'transfer' : 'vote';
}

function readVote(reader: ByteReader): VoteRequest {
  const code = reader.u8();
  if (code > VOTE_CODES.transfer) throw new CodecError(`unknown purpose of a vote: ${code}`);
  return {
    kind: 'vote',
    pre_vote: code === VOTE_CODES.pre_vote,
    is_transfer: code === VOTE_CODES.transfer,
    term: reader.u53(),
    last_log: readPosition(reader),
  };
}

function encodeAppend(message: AppendRequest): Buffer {
  assert(message.entries.length <= limits.append_entries_max, 'too many entries in an append');
  let expected_bytes = SMALL_MESSAGE_BYTES;
  for (const entry of message.entries) expected_bytes += entryBytes(entry);
  const writer = begin('append', expected_bytes);
  writer.u53(message.term).u53(message.append_id);
  writePosition(writer, message.previous);
  writer.u53(message.leader_commit).u32(message.entries.length);
  for (const entry of message.entries) writeEntry(writer, entry);
  const bytes = writer.finish();
  assert(bytes.length <= limits.rpc_body_bytes_max, `an append of ${bytes.length} bytes`);
  return bytes;
}

function readAppend(reader: ByteReader): AppendRequest {
  const term = reader.u53();
  const append_id = reader.u53();
  const previous = readPosition(reader);
  const leader_commit = reader.u53();
  const count = reader.u32();
  if (count > limits.append_entries_max) throw new CodecError(`${count} entries in an append`);
  const entries: Entry[] = [];
  let before: Position = previous;
  for (let read = 0; read < count; read += 1) {
    const entry = readEntry(reader);
    // What no leader can send must not reach the core, whose assertions would stop the process.
    if (entry.index !== before.index + 1) throw new CodecError('entries are not consecutive');
    if (entry.term < before.term) throw new CodecError('terms of entries decrease');
    if (entry.term > term) throw new CodecError('an entry is of a later term than its leader');
    entries.push(entry);
    before = entry;
  }
  return { kind: 'append', term, append_id, previous, entries, leader_commit };
}

function readHeartbeat(reader: ByteReader): HeartbeatRequest {
  return {
    kind: 'heartbeat',
    term: reader.u53(),
    round: reader.u53(),
    commit_index: reader.u53(),
    freshness: readFreshness(reader),
  };
}

function readAppendResponse(reader: ByteReader): AppendResponse {
  return {
    kind: 'append_response',
    term: reader.u53(),
    append_id: reader.u53(),
    success: reader.boolean(),
    match_index: reader.u53(),
    conflict: readConflict(reader),
  };
}

function readHeartbeatResponse(reader: ByteReader): HeartbeatResponse {
  return {
    kind: 'heartbeat_response',
    term: reader.u53(),
    round: reader.u53(),
    success: reader.boolean(),
    echo_ms: readMilliseconds(reader),
    applied_index: reader.u53(),
    last_index: reader.u53(),
    needs_snapshot_from: reader.u53(),
    priority: reader.u53(),
  };
}

function writePosition(writer: ByteWriter, position: Position): void {
  writer.u53(position.index).u53(position.term);
}

function readPosition(reader: ByteReader): Position {
  return { index: reader.u53(), term: reader.u53() };
}

function writeConflict(writer: ByteWriter, conflict: LogConflict | null): void {
  writer.boolean(conflict !== null);
  if (conflict !== null) writer.u53(conflict.term).u53(conflict.index);
}

function readConflict(reader: ByteReader): LogConflict | null {
  return reader.boolean() ? { term: reader.u53(), index: reader.u53() } : null;
}

function writeFreshness(writer: ByteWriter, freshness: Freshness | null): void {
  writer.boolean(freshness !== null);
  if (freshness !== null) writer.f64(freshness.echo_ms).u53(freshness.commit_index);
}

function readFreshness(reader: ByteReader): Freshness | null {
  if (!reader.boolean()) return null;
  return { echo_ms: readMilliseconds(reader), commit_index: reader.u53() };
}

function readMilliseconds(reader: ByteReader): number {
  const value = reader.f64();
  if (!Number.isFinite(value)) throw new CodecError('a time that is not finite');
  return value;
}
