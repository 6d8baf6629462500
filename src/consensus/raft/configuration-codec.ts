import { assert } from '../../base/assert.ts';
import { CodecError } from '../../base/codec.ts';
import { memberKey } from './configuration.ts';
import type { Configuration, Member } from './configuration.ts';

/**
 * A configuration as an entry's payload: JSON in UTF-8 with its keys in one order, so that equal
 * configurations are equal bytes.
 */
export function encodeConfiguration(configuration: Configuration): Uint8Array {
  assert(configuration.voters.length > 0, 'a configuration without voters');
  const text = JSON.stringify({
    cluster_id: configuration.cluster_id,
    voters: configuration.voters.map(plainMember),
    outgoing_voters: configuration.outgoing_voters.map(plainMember),
    learners: configuration.learners.map(plainMember),
    voters_wanted: configuration.voters_wanted,
    feature_level: configuration.feature_level,
    // Left out when there are none, and when it never was recovered.
    removed:
      configuration.removed.length === 0 ? undefined : configuration.removed.map(plainMember),
    incarnation: configuration.incarnation,
  });
  return Buffer.from(text, 'utf8');
}

function plainMember(member: Member): Member {
  return { node_id: member.node_id, storage_id: member.storage_id };
}

const CONFIGURATION_FIELDS = [
  'cluster_id',
  'voters',
  'outgoing_voters',
  'learners',
  'voters_wanted',
  'feature_level',
];

/** @throws {CodecError} anything but what {@link encodeConfiguration} writes */
export function decodeConfiguration(bytes: Uint8Array): Configuration {
  const fields = recordOf(parse(bytes), 'configuration', CONFIGURATION_FIELDS, [
    'removed',
    'incarnation',
  ]);
  const { incarnation } = fields;
  const configuration: Configuration = {
    cluster_id: textOf(fields['cluster_id'], 'cluster_id'),
    voters: membersOf(fields['voters'], 'voters'),
    outgoing_voters: membersOf(fields['outgoing_voters'], 'outgoing_voters'),
    learners: membersOf(fields['learners'], 'learners'),
    voters_wanted: countOf(fields['voters_wanted'], 'voters_wanted'),
    feature_level: countOf(fields['feature_level'], 'feature_level'),
    removed: fields['removed'] === undefined ? [] : membersOf(fields['removed'], 'removed'),
    ...(incarnation === undefined ? {} : { incarnation: countOf(incarnation, 'incarnation') }),
  };
  if (configuration.voters.length === 0) throw new CodecError('configuration without voters');
  return configuration;
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new CodecError('configuration is not JSON in UTF-8', { cause });
  }
}

function recordOf(
  value: unknown,
  name: string,
  keys: readonly string[],
  optional_keys: readonly string[] = [],
): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CodecError(`${name} is not an object`);
  }
  const found = Object.keys(value);
  const required = found.filter((key) => !optional_keys.includes(key));
  if (required.length !== keys.length || !keys.every((key) => required.includes(key))) {
    throw new CodecError(`${name} has other fields than ${keys.join(', ')}`);
  }
  return value as Readonly<Record<string, unknown>>;
}

function textOf(value: unknown, name: string): string {
  if (typeof value !== 'string' || value === '') throw new CodecError(`${name} is not a text`);
  return value;
}

function countOf(value: unknown, name: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1) {
    throw new CodecError(`${name} is not a positive integer`);
  }
  return value;
}

function membersOf(value: unknown, name: string): readonly Member[] {
  if (!Array.isArray(value)) throw new CodecError(`${name} is not a list`);
  const members = value.map((item: unknown): Member => {
    const fields = recordOf(item, `member of ${name}`, ['node_id', 'storage_id']);
    return {
      node_id: textOf(fields['node_id'], 'node_id'),
      storage_id: textOf(fields['storage_id'], 'storage_id'),
    };
  });
  if (new Set(members.map(memberKey)).size !== members.length) {
    throw new CodecError(`${name} names a member twice`);
  }
  return members;
}
