import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { NodeDatabase } from '../../src/storage/node-database.ts';
import type { ClusterNodeRow, NodeEvent } from '../../src/storage/node-database.ts';
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

test('events are there after a restart, in order, and the oldest of too many goes', () => {
  const path = join(directory.path, 'events.db');
  const first = new NodeDatabase(path);
  first.recordEvent(5, 'state_differs', { index: 1 });
  first.recordEvent(6, 'state_rebuilt', { set_aside: null });
  first.close();
  const second = new NodeDatabase(path);
  const moved: NodeEvent[] = [];
  const failing = (): void => {
    throw new Error('nowhere to put them');
  };
  expect(() => second.moveEvents(10, failing)).toThrow('nowhere');
  second.moveEvents(1, (events) => moved.push(...events));
  second.moveEvents(10, (events) => moved.push(...events));
  expect(moved).toEqual([
    { id: 1, at_ms: 5, kind: 'state_differs', payload: { index: 1 } },
    { id: 2, at_ms: 6, kind: 'state_rebuilt', payload: { set_aside: null } },
  ]);
  second.moveEvents(10, failing);
  second.recordEvent(7, 'state_rebuilt', {});
  for (let at = 0; at < limits.node_events_max; at += 1) {
    second.recordEvent(at, 'state_differs', {});
  }
  const kept: NodeEvent[] = [];
  second.moveEvents(limits.node_events_max * 2, (events) => kept.push(...events));
  expect(kept.length).toBe(limits.node_events_max);
  expect(kept[0]?.id).toBe(4);
  const huge = { text: 'x'.repeat(limits.node_event_bytes_max) };
  expect(() => second.recordEvent(1, 'state_differs', huge)).toThrow('without bound');
  second.close();
});

test('a wrong state stays marked until it was set aside', () => {
  const path = join(directory.path, 'wrong.db');
  const first = new NodeDatabase(path);
  expect(first.is_state_wrong).toBe(false);
  first.markStateWrong(7);
  first.markStateWrong(8);
  first.close();
  const second = new NodeDatabase(path);
  expect(second.is_state_wrong).toBe(true);
  second.clearStateWrong();
  expect(second.is_state_wrong).toBe(false);
  second.close();
});
