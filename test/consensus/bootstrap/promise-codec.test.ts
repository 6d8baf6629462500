import { describe, expect, test } from '@jest/globals';
import { CodecError } from '../../../src/base/codec.ts';
import { firstConfiguration } from '../../../src/consensus/bootstrap/first-configuration.ts';
import { compareNodeIds } from '../../../src/consensus/bootstrap/member-order.ts';
import { decodePromise, encodePromise } from '../../../src/consensus/bootstrap/promise-codec.ts';
import { a, b, c, promiseOf } from './fixtures.ts';

describe('a promise as text', () => {
  test('comes back equal', () => {
    const promise = promiseOf();
    expect(decodePromise(encodePromise(promise))).toEqual(promise);
  });

  test.each<[string, (fields: Record<string, unknown>) => unknown]>([
    ['a field too many', (fields) => ({ ...fields, more: 1 })],
    ['no cluster id', (fields) => ({ ...fields, cluster_id: '' })],
    ['number 0', (fields) => ({ ...fields, proposal_number: 0 })],
    ['half a number', (fields) => ({ ...fields, proposal_number: 1.5 })],
    ['no members', (fields) => ({ ...fields, members: [] })],
    ['members in another order', (fields) => ({ ...fields, members: [a, c, b] })],
    ['a member twice', (fields) => ({ ...fields, members: [a, b, b] })],
    ['a proposer that is not the lowest', (fields) => ({ ...fields, proposer: b })],
    ['a member with more', (fields) => ({ ...fields, members: [{ ...a, x: 1 }, b, c] })],
    ['a list', (fields) => [fields]],
  ])('is refused with %s', (_name, change) => {
    const fields = JSON.parse(encodePromise(promiseOf())) as Record<string, unknown>;
    expect(() => decodePromise(JSON.stringify(change(fields)))).toThrow(CodecError);
  });

  test('is refused when it is not JSON', () => {
    expect(() => decodePromise('{')).toThrow(CodecError);
  });
});

describe('the first configuration', () => {
  test('scenario 12: has all members as voters, or the first of them', () => {
    const promise = promiseOf();
    expect(firstConfiguration(promise, 3)).toEqual({
      cluster_id: 'c1',
      voters: [a, b, c],
      outgoing_voters: [],
      learners: [],
      voters_wanted: 3,
      removed: [],
      feature_level: 1,
    });
    expect(firstConfiguration(promise, 2)).toMatchObject({ voters: [a, b], learners: [c] });
  });
});

test('members are ordered by name, numbers by value', () => {
  const ordered = ['a', 'agenda-01', 'agenda-1', 'agenda-2', 'agenda-2b', 'agenda-10', 'b-1'];
  expect(ordered.toReversed().sort(compareNodeIds)).toEqual(ordered);
  expect(compareNodeIds('agenda-2', 'agenda-2')).toBe(0);
});
