import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { NodeDatabase } from '../../src/storage/node-database.ts';
import type { ClusterNodeRow } from '../../src/storage/node-database.ts';
import { limits } from '../../src/limits.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const directory = temporaryDirectory('node-database');
afterAll(directory.remove);

function nodeOf(number: number, changes: Partial<ClusterNodeRow> = {}): ClusterNodeRow {
  return {
    node_id: `agenda-${number}`,
    storage_id: `storage-${number}`,
    boot_id: 'boot',
    address: `127.0.0.1:${8080 + number}`,
    api_url: `http://127.0.0.1:${8080 + number}`,
    public_url: null,
    source: 'seed',
    last_seen_ms: 1_795_132_800_000,
    ...changes,
  };
}

test('the address book is there after a restart, as it was saved last', () => {
  const path = join(directory.path, 'node.db');
  const first = new NodeDatabase(path);
  expect(first.loadNodes()).toEqual([]);
  first.saveNodes([nodeOf(1), nodeOf(2), nodeOf(3)]);
  const saved = [
    nodeOf(1, { storage_id: 'storage-9', public_url: 'https://one.example.org', source: 'gossip' }),
    nodeOf(3, { last_seen_ms: 5 }),
  ];
  first.saveNodes(saved.toReversed());
  first.close();
  const second = new NodeDatabase(path);
  expect(second.loadNodes()).toEqual(saved);
  second.close();
});

test('a book that cannot be saved whole is not saved at all', () => {
  const database = new NodeDatabase(join(directory.path, 'whole.db'));
  database.saveNodes([nodeOf(1)]);
  expect(() => database.saveNodes([nodeOf(2), nodeOf(2)])).toThrow('UNIQUE');
  const many = Array.from({ length: limits.address_book_max + 1 }, (_, at) => nodeOf(at));
  expect(() => database.saveNodes(many)).toThrow('without bound');
  expect(database.loadNodes()).toEqual([nodeOf(1)]);
  database.close();
});
