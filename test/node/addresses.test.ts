import { expect, test } from '@jest/globals';
import { AddressBook } from '../../src/discovery/address-book.ts';
import { addressesOf } from '../../src/node/addresses.ts';
import { configurationOf, member, n1, n2 } from '../support/raft-fixture.ts';

test('a member is found before a stranger of the same node id', () => {
  const book = new AddressBook({ own_node_id: n1.node_id, nowMs: () => 1_000 });
  const announcement = (who: typeof n1, name: string) => ({
    ...who,
    boot_id: name,
    address: `${name}:8080`,
    api_url: `http://${name}:8080`,
    public_url: null,
  });
  const twin = member(2, 'a twin, first by its storage id');
  const configuration = configurationOf({ voters: [1, 2, 3] });
  book.observe(announcement(n2, 'two'), 'join');
  book.observe(announcement(twin, 'twin'), 'join');
  for (const pair of [n2, twin]) {
    const voters = [n1, pair];
    const group = { configuration: { ...configuration, voters } };
    const found = addressesOf(announcement(n1, 'one'), { book, group }, 1_000).find(
      ({ node_id }) => node_id === n2.node_id,
    );
    expect(found?.address_url).toBe(book.entryOf(pair)?.api_url);
  }
});
