import { describe, expect, test } from '@jest/globals';
import { assert, constantFrom, integer, property, string } from 'fast-check';
import { formatCursor, parseCursor } from '../../../src/http/live/cursor.ts';
import { indexAt, positionAfter, positionIn, positionOf } from '../../../src/http/live/position.ts';
import { limits } from '../../../src/limits.ts';

const lineage = 'main.abcd1234.0';

describe('a cursor', () => {
  test('is a position again, at whoever has the same history', () => {
    assert(
      property(
        integer({ min: 1, max: 2 ** 38 }),
        integer({ min: 0, max: limits.events_per_command_max - 1 }),
        constantFrom(0 as const, 1 as const, 2 as const),
        (index, event, channel) => {
          const position = positionIn(index, event, channel);
          expect(parseCursor(lineage, formatCursor(lineage, position))).toBe(position);
          expect(indexAt(position)).toBe(index);
        },
      ),
    );
  });

  test('of another cluster, group or incarnation is told apart', () => {
    const cursor = formatCursor(lineage, positionOf(12));
    for (const other of ['main.abcd1234.1', 'main.zzzz1234.0', 'users.abcd1234.0']) {
      expect(parseCursor(other, cursor)).toBe('another_lineage');
    }
  });

  test('that is none is told apart', () => {
    const texts = ['', 'x', 'a.b', '.', '1.1.', `zzzzzzzzz.0.${lineage}`, `1.ffff.${lineage}`];
    for (const text of texts) {
      expect(parseCursor(lineage, Buffer.from(text).toString('base64url'))).toBeNull();
    }
    assert(
      property(string(), (text) => {
        expect([null, 'another_lineage']).toContain(parseCursor(lineage, text));
      }),
    );
  });
});

describe('positions', () => {
  test('are in the order in which things are told', () => {
    const order = [
      positionOf(7),
      positionIn(7, 0, 1),
      positionIn(7, 0, 2),
      positionAfter(7, 0),
      positionIn(7, 1, 1),
      positionAfter(7, limits.events_per_command_max - 1),
      positionOf(8),
    ];
    expect(order.toSorted((one, other) => one - other)).toEqual(order);
    expect(new Set(order).size).toBe(order.length);
  });
});
