import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { ReplayWindow } from '../../../src/consensus/rpc/replay-window.ts';

const SIZE = 64;

/** The same, remembered the costly way. */
class NaiveWindow {
  readonly #seen = new Set<number>();

  admit(counter: number): boolean {
    const highest = Math.max(0, ...this.#seen);
    if (counter <= highest - SIZE || this.#seen.has(counter)) return false;
    this.#seen.add(counter);
    return true;
  }
}

describe('replay window', () => {
  test('admits what a set of all counters would admit', () => {
    const step = fc.oneof(
      fc.integer({ min: -SIZE - 4, max: 4 }),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: SIZE - 2, max: 2 * SIZE + 2 }),
    );
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER - 100_000 }),
        fc.array(step, { maxLength: 200 }),
        (start, steps) => {
          const window = new ReplayWindow(SIZE);
          const naive = new NaiveWindow();
          let highest = start;
          for (const delta of [0, ...steps]) {
            const counter = Math.max(1, highest + delta);
            highest = Math.max(highest, counter);
            expect(window.admit(counter)).toBe(naive.admit(counter));
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test('the last counter within the window is admitted once, the one before it never', () => {
    const window = new ReplayWindow(SIZE);
    expect(window.admit(1_000)).toBe(true);
    expect(window.admit(1_000 - SIZE + 1)).toBe(true);
    expect(window.admit(1_000 - SIZE + 1)).toBe(false);
    expect(window.admit(1_000 - SIZE)).toBe(false);
  });
});
