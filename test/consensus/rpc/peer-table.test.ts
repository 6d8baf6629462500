import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { PeerTable } from '../../../src/consensus/rpc/peer-table.ts';

function member(number: number): { readonly node_id: string; readonly storage_id: string } {
  return { node_id: `node-${number}`, storage_id: 's' };
}

describe('peer table', () => {
  test('no counter is given twice for one destination, even to one that was forgotten', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 100 }), (destinations) => {
        const table = new PeerTable(3);
        const given = new Set<string>();
        for (const number of destinations) {
          const destination = number === 0 ? null : member(number);
          const nonce = `${number}:${table.nextCounter(destination)}`;
          expect(given.has(nonce)).toBe(false);
          given.add(nonce);
        }
      }),
    );
  });

  test('what is sent to others does not move the counter of a destination', () => {
    const table = new PeerTable(3);
    const before = table.nextCounter(member(1));
    for (let sent = 0; sent < 10; sent += 1) table.nextCounter(member(2));
    expect(table.nextCounter(member(1))).toBe(before + 1);
  });

  test('boot ids are those of the last answer', () => {
    const table = new PeerTable(3);
    expect(table.bootIdOf(member(1))).toBe('');
    table.learnBootId(member(1), 'first');
    table.learnBootId(member(1), 'second');
    expect(table.bootIdOf(member(1))).toBe('second');
  });
});
