import { assert } from '../../base/assert.ts';
import { limits } from '../../limits.ts';
import type { ClusterId, GroupId, Member } from '../raft/configuration.ts';

/** Header that carries an {@link Envelope} on a request, an {@link AnswerEnvelope} on an answer. */
export const ENVELOPE_HEADER = 'x-cluster-envelope';
/** Header with the MAC, hexadecimal. */
export const SIGNATURE_HEADER = 'x-cluster-signature';

/** Who asks whom, and when; method, target and content type are those of the request itself. */
export interface Envelope {
  readonly key_id: string;
  /** Empty until the sender knows its cluster. */
  readonly cluster_id: ClusterId;
  readonly source: Member;
  readonly source_boot_id: string;
  /** Null until the sender knows who lives at the address. */
  readonly destination: Member | null;
  /** Empty until the sender knows it; always so without a destination. */
  readonly destination_boot_id: string;
  /** Empty for what concerns no group. */
  readonly group_id: GroupId;
  /** The destination's wall clock as the sender knows it, milliseconds since 1970. */
  readonly timestamp_ms: number;
  /** From 1, never twice from one boot to one destination (no destination counts as one). */
  readonly counter: number;
  /** SHA-256 of the body, hexadecimal, as claimed: checked once the body is read. */
  readonly body_sha256: string;
}

/** Who answers, and when. */
export interface AnswerEnvelope {
  readonly responder: Member;
  readonly responder_boot_id: string;
  /** The responder's wall clock, milliseconds since 1970. */
  readonly timestamp_ms: number;
  readonly body_sha256: string;
}

const VERSION = '1';
const ID = `[A-Za-z0-9._:~@+-]{1,${limits.rpc_identifier_characters_max}}`;
const ID_OR_NONE = `(?:${ID})?`;
const KEY_ID = '[0-9a-f]{8}';
const COUNT = '[1-9][0-9]{0,15}';
const SHA256 = '[0-9a-f]{64}';
const IDENTIFIER_PATTERN = new RegExp(`^${ID}$`);

function pattern(fields: readonly string[]): RegExp {
  return new RegExp(`^${VERSION},${fields.map((field) => `(${field})`).join(',')}$`);
}

const ENVELOPE_PATTERN = pattern([
  KEY_ID,
  ID_OR_NONE, // cluster
  ID, // source: node, storage, boot
  ID,
  ID,
  ID_OR_NONE, // destination: node, storage, boot
  ID_OR_NONE,
  ID_OR_NONE,
  ID_OR_NONE, // group
  COUNT, // time stamp
  COUNT,
  SHA256,
]);
const ANSWER_PATTERN = pattern([ID, ID, ID, COUNT, SHA256]);

/** Whether `text` may stand in an envelope as a node, storage, boot, cluster or group id. */
export function isEnvelopeIdentifier(text: string): boolean {
  return IDENTIFIER_PATTERN.test(text);
}

/** The one text form of an envelope; asserts that it can be parsed back. */
export function formatEnvelope(envelope: Envelope): string {
  const { source, destination } = envelope;
  const text =
    `${VERSION},${envelope.key_id},${envelope.cluster_id},` +
    `${source.node_id},${source.storage_id},${envelope.source_boot_id},` +
    `${destination?.node_id ?? ''},${destination?.storage_id ?? ''},` +
    `${envelope.destination_boot_id},${envelope.group_id},` +
    `${envelope.timestamp_ms},${envelope.counter},${envelope.body_sha256}`;
  assert(ENVELOPE_PATTERN.test(text), `not an envelope: ${text}`);
  return text;
}

/** The envelope that {@link formatEnvelope} wrote, or null: nothing but that form is taken. */
export function parseEnvelope(text: string): Envelope | null {
  const match = ENVELOPE_PATTERN.exec(text);
  if (match === null) return null;
  const [, key_id = '', cluster_id = '', ...members] = match;
  const [source_node = '', source_storage = '', source_boot_id = '', ...rest] = members;
  const [node_id = '', storage_id = '', destination_boot_id = '', group_id = '', ...last] = rest;
  const [timestamp_text, counter_text, body_sha256 = ''] = last;
  const timestamp_ms = Number(timestamp_text);
  const counter = Number(counter_text);
  if (!Number.isSafeInteger(timestamp_ms) || !Number.isSafeInteger(counter)) return null;
  if ((node_id === '') !== (storage_id === '')) return null;
  if (node_id === '' && destination_boot_id !== '') return null;
  return {
    key_id,
    cluster_id,
    source: { node_id: source_node, storage_id: source_storage },
    source_boot_id,
    destination: node_id === '' ? null : { node_id, storage_id },
    destination_boot_id,
    group_id,
    timestamp_ms,
    counter,
    body_sha256,
  };
}

/** The one text form of an answer's envelope; asserts that it can be parsed back. */
export function formatAnswerEnvelope(envelope: AnswerEnvelope): string {
  const { responder, responder_boot_id, timestamp_ms, body_sha256 } = envelope;
  const text =
    `${VERSION},${responder.node_id},${responder.storage_id},${responder_boot_id},` +
    `${timestamp_ms},${body_sha256}`;
  assert(ANSWER_PATTERN.test(text), `not an envelope: ${text}`);
  return text;
}

/** The envelope that {@link formatAnswerEnvelope} wrote, or null. */
export function parseAnswerEnvelope(text: string): AnswerEnvelope | null {
  const match = ANSWER_PATTERN.exec(text);
  if (match === null) return null;
  const [, node_id = '', storage_id = '', responder_boot_id = '', ...last] = match;
  const [timestamp_text, body_sha256 = ''] = last;
  const timestamp_ms = Number(timestamp_text);
  if (!Number.isSafeInteger(timestamp_ms)) return null;
  return { responder: { node_id, storage_id }, responder_boot_id, timestamp_ms, body_sha256 };
}
