import { assert } from '../../base/assert.ts';
import { CodecError } from '../../base/codec.ts';
import { sameMember } from '../raft/configuration.ts';
import type { Member } from '../raft/configuration.ts';
import { compareNodeIds } from './member-order.ts';
import type { BootstrapPromise } from './promise.ts';

/** A promise as JSON text with its keys in one order: for the disk and for other replicas. */
export function encodePromise(promise: BootstrapPromise): string {
  const flaw = flawOf(promise);
  assert(flaw === null, `not a promise: ${flaw}`);
  return JSON.stringify({
    cluster_id: promise.cluster_id,
    proposal_number: promise.proposal_number,
    proposer: plainMember(promise.proposer),
    members: promise.members.map(plainMember),
  });
}

function plainMember(member: Member): Member {
  return { node_id: member.node_id, storage_id: member.storage_id };
}

/** @throws {CodecError} anything but what {@link encodePromise} writes */
export function decodePromise(text: string): BootstrapPromise {
  const fields = recordOf(parse(text), 'promise', [
    'cluster_id',
    'proposal_number',
    'proposer',
    'members',
  ]);
  const promise: BootstrapPromise = {
    cluster_id: textOf(fields['cluster_id'], 'cluster_id'),
    proposal_number: positiveIntegerOf(fields['proposal_number'], 'proposal_number'),
    proposer: memberOf(fields['proposer'], 'proposer'),
    members: membersOf(fields['members']),
  };
  const flaw = flawOf(promise);
  if (flaw !== null) throw new CodecError(flaw);
  return promise;
}

function flawOf(promise: BootstrapPromise): string | null {
  const { members, proposer } = promise;
  const lowest = members[0];
  if (lowest === undefined || !sameMember(lowest, proposer)) {
    return 'the proposer is not the lowest member';
  }
  const ascending = members.every((member, index) => {
    const next = members[index + 1];
    return next === undefined || compareNodeIds(member.node_id, next.node_id) < 0;
  });
  return ascending ? null : 'the members are not in order, each once';
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CodecError('promise is not JSON', { cause });
  }
}

function recordOf(
  value: unknown,
  name: string,
  keys: readonly string[],
): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CodecError(`${name} is not an object`);
  }
  const found = Object.keys(value);
  if (found.length !== keys.length || !keys.every((key) => found.includes(key))) {
    throw new CodecError(`${name} has other fields than ${keys.join(', ')}`);
  }
  return value as Readonly<Record<string, unknown>>;
}

function textOf(value: unknown, name: string): string {
  if (typeof value !== 'string' || value === '') throw new CodecError(`${name} is not a text`);
  return value;
}

function positiveIntegerOf(value: unknown, name: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1) {
    throw new CodecError(`${name} is not a positive integer`);
  }
  return value;
}

function memberOf(value: unknown, name: string): Member {
  const fields = recordOf(value, name, ['node_id', 'storage_id']);
  return {
    node_id: textOf(fields['node_id'], 'node_id'),
    storage_id: textOf(fields['storage_id'], 'storage_id'),
  };
}

function membersOf(value: unknown): readonly Member[] {
  if (!Array.isArray(value)) throw new CodecError('members is not a list');
  return value.map((item: unknown) => memberOf(item, 'member'));
}
