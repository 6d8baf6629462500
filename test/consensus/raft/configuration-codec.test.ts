import { expect, test } from '@jest/globals';
import { CodecError } from '../../../src/base/codec.ts';
import type { Configuration } from '../../../src/consensus/raft/configuration.ts';
import {
  decodeConfiguration,
  encodeConfiguration,
} from '../../../src/consensus/raft/configuration-codec.ts';

const configuration: Configuration = {
  cluster_id: 'c',
  voters: [
    { node_id: 'agenda-1', storage_id: 's1' },
    { node_id: 'agenda-2', storage_id: 's2' },
  ],
  outgoing_voters: [{ node_id: 'agenda-1', storage_id: 's1' }],
  learners: [{ node_id: 'agenda-3', storage_id: 's3' }],
  voters_wanted: 3,
  removed: [],
  feature_level: 1,
};

test('a configuration comes back as it was encoded', () => {
  expect(decodeConfiguration(encodeConfiguration(configuration))).toEqual(configuration);
});

test('equal configurations are equal bytes, whatever the order of their fields', () => {
  const [first, second] = configuration.voters.map(({ node_id, storage_id }) => ({
    storage_id,
    node_id,
  }));
  const reordered = Object.fromEntries(Object.entries(configuration).reverse());
  const same = { ...reordered, voters: [first, second] } as unknown as Configuration;
  expect(encodeConfiguration(same)).toEqual(encodeConfiguration(configuration));
});

test.each<[string, object]>([
  ['an unknown field', { more: 1 }],
  ['a missing field', { learners: undefined }],
  ['no voters', { voters: [] }],
  ['a member without storage id', { voters: [{ node_id: 'agenda-1' }] }],
  ['a member with more', { voters: [{ node_id: 'agenda-1', storage_id: 's', address: 'x' }] }],
  ['an empty node id', { voters: [{ node_id: '', storage_id: 's' }] }],
  ['a member twice', { voters: [configuration.voters[0], configuration.voters[0]] }],
  ['a list that is none', { learners: {} }],
  ['a member that is none', { learners: [null] }],
  ['a number as text', { cluster_id: 1 }],
  ['a fraction', { voters_wanted: 1.5 }],
  ['zero', { feature_level: 0 }],
])('refused: %s', (_, change) => {
  const bytes = Buffer.from(JSON.stringify({ ...configuration, ...change }));
  expect(() => decodeConfiguration(bytes)).toThrow(CodecError);
});

test.each([
  ['no JSON', Buffer.from('{')],
  ['no UTF-8', Buffer.from([0x22, 0xff, 0x22])],
  ['no object', Buffer.from('[]')],
  ['nothing', new Uint8Array(0)],
])('refused: %s', (_, bytes) => {
  expect(() => decodeConfiguration(bytes)).toThrow(CodecError);
});
