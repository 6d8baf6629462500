import { describe, expect, test } from '@jest/globals';
import { AddressBook } from '../../src/discovery/address-book.ts';
import type { AddressEntry, Announcement } from '../../src/discovery/address-entry.ts';
import { limits } from '../../src/limits.ts';

const START_MS = 1_000_000_000;

function announcement(node_id: string, changes: Partial<Announcement> = {}): Announcement {
  return {
    node_id,
    storage_id: `${node_id}-disk`,
    boot_id: `${node_id}-boot`,
    address: `${node_id}:8080`,
    api_url: `http://${node_id}:8080`,
    public_url: null,
    ...changes,
  };
}

function entry(node_id: string, changes: Partial<AddressEntry> = {}): AddressEntry {
  return { ...announcement(node_id), source: 'gossip', last_seen_ms: START_MS, ...changes };
}

function openBook() {
  const time = { now_ms: START_MS };
  const book = new AddressBook({ own_node_id: 'me', nowMs: () => time.now_ms });
  return { book, time };
}

function names(entries: readonly AddressEntry[]): readonly string[] {
  return entries.map(({ node_id }) => node_id);
}

describe('the address book', () => {
  test('has others, ordered, and never itself', () => {
    const { book } = openBook();
    for (const node_id of ['n-10', 'me', 'n-2']) book.observe(announcement(node_id), 'join');
    book.mergeHearsay([entry('me')], 'gossip');
    expect(names(book.entries)).toEqual(['n-2', 'n-10']);
    expect(book.get('n-2')).toEqual(entry('n-2', { source: 'join' }));
    expect(book.get('me')).toBeNull();
  });

  test('publishes tables that do not change', () => {
    const { book } = openBook();
    book.observe(announcement('a'), 'join');
    const before = book.entries;
    book.observe(announcement('a', { address: 'other:1' }), 'join');
    expect(before[0]?.address).toBe('a:8080');
    expect(Object.isFrozen(before) && Object.isFrozen(before[0])).toBe(true);
  });

  test('a node not seen for two minutes is no longer dialled, and still shown', () => {
    const { book, time } = openBook();
    book.observe(announcement('a'), 'join');
    time.now_ms += limits.address_ttl_ms - 1;
    expect(names(book.dialable())).toEqual(['a']);
    time.now_ms += 1;
    expect(book.dialable()).toEqual([]);
    expect(names(book.entries)).toEqual(['a']);
    book.observe(announcement('a'), 'join');
    expect(names(book.dialable())).toEqual(['a']);
  });

  test('hearsay does not make a node seen more recently than somebody saw it', () => {
    const { book, time } = openBook();
    book.mergeHearsay([entry('a', { last_seen_ms: START_MS - 50_000 })], 'gossip');
    time.now_ms += limits.address_ttl_ms - 50_000;
    book.mergeHearsay(book.entries, 'gossip');
    expect(book.dialable()).toEqual([]);
    // Nor does a clock that is ahead outweigh what is seen here.
    book.mergeHearsay([entry('b', { last_seen_ms: time.now_ms + 20_000 })], 'gossip');
    time.now_ms += 1;
    book.observe(announcement('b', { address: 'right:1' }), 'join');
    book.mergeHearsay([entry('b', { last_seen_ms: time.now_ms })], 'gossip');
    expect(book.get('b')?.address).toBe('right:1');
  });

  test('hearsay of what has aged out is not taken up', () => {
    const { book } = openBook();
    const last_seen_ms = START_MS - limits.address_ttl_ms;
    book.mergeHearsay([entry('a', { last_seen_ms })], 'gossip');
    expect(book.entries).toEqual([]);
  });

  test('what an earlier run stored is dialled for a while after the start', () => {
    const { book, time } = openBook();
    book.mergeHearsay([entry('a', { last_seen_ms: 5, source: 'join' })], 'stored');
    expect(names(book.dialable())).toEqual(['a']);
    expect(book.get('a')?.source).toBe('stored');
    time.now_ms += limits.address_ttl_ms;
    expect(book.dialable()).toEqual([]);
  });

  test('who took leave is forgotten, and hearsay does not bring it back', () => {
    const { book, time } = openBook();
    book.observe(announcement('a'), 'join');
    book.forget(announcement('a'), 'a-boot');
    time.now_ms += 10;
    book.mergeHearsay([entry('a', { last_seen_ms: START_MS + 5 })], 'gossip');
    expect(book.entries).toEqual([]);
    book.mergeHearsay([entry('a', { boot_id: 'next', last_seen_ms: START_MS + 6 })], 'gossip');
    expect(names(book.entries)).toEqual(['a']);
    book.forget(announcement('a'), 'a-boot');
    expect(names(book.entries)).toEqual(['a']);
  });

  test('is bounded: the one not seen for longest goes', () => {
    const { book, time } = openBook();
    for (let number = 0; number <= limits.address_book_max; number += 1) {
      time.now_ms += 1;
      book.observe(announcement(`n-${number}`), 'join');
    }
    expect(book.entries).toHaveLength(limits.address_book_max);
    expect(book.get('n-0')).toBeNull();
  });

  test('a second process under one NODE_ID does not take the address of the first', () => {
    const { book, time } = openBook();
    const first = announcement('a');
    const second = announcement('a', { storage_id: 'b-disk', boot_id: 'b-boot', address: 'b:1' });
    book.observe(first, 'join');
    time.now_ms += 1;
    book.observe(second, 'join');
    book.mergeHearsay([entry('a', { ...second, last_seen_ms: time.now_ms })], 'gossip');
    expect(book.dialableAddress(first)).toBe('a:8080');
    expect(book.dialableAddress(second)).toBe('b:1');
    expect(book.get('a')?.storage_id).toBe('b-disk');
    book.forget(second, 'b-boot');
    expect(book.entries).toMatchObject([{ storage_id: 'a-disk' }]);
  });

  test.each(['a:8080', 'elsewhere:1'])(
    'a node that came back with another disk, at %s, is known by that alone once the old pair ages out',
    (address) => {
      const { book, time } = openBook();
      const [old, wiped] = [announcement('a'), announcement('a', { storage_id: 'new', address })];
      book.observe(old, 'join');
      time.now_ms += limits.address_ttl_ms - 1;
      book.observe(wiped, 'join');
      expect(book.entries).toHaveLength(2);
      time.now_ms += 1;
      book.observe(wiped, 'join');
      expect(book.entries).toMatchObject([{ storage_id: 'new', address }]);
      expect(book.dialableAddress(old)).toBeNull();
    },
  );

  test('tells its listeners of changes, not of times', () => {
    const { book, time } = openBook();
    const told: (readonly string[])[] = [];
    const stop = book.subscribe((entries) => told.push(names(entries)));
    book.observe(announcement('a'), 'join');
    time.now_ms += 1;
    book.observe(announcement('a'), 'join');
    book.observe(announcement('b'), 'seed');
    book.observe(announcement('a', { boot_id: 'a-boot-2' }), 'join');
    book.forget(announcement('b'), 'b-boot');
    stop();
    book.observe(announcement('c'), 'join');
    expect(told).toEqual([['a'], ['a', 'b'], ['a', 'b'], ['a']]);
    expect(book.get('a')?.last_seen_ms).toBe(START_MS + 1);
  });
});
