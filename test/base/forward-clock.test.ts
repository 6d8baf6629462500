import { expect, test } from '@jest/globals';
import { createForwardClock } from '../../src/base/forward-clock.ts';

test('a forward clock follows the wall clock, except backwards', () => {
  let wall_ms = 1_000;
  let monotonic_ms = 70.25;
  const nowMs = createForwardClock(
    () => wall_ms,
    () => monotonic_ms,
  );
  const after = (wall_change_ms: number, elapsed_ms: number): number => {
    wall_ms += wall_change_ms;
    monotonic_ms += elapsed_ms;
    return nowMs();
  };
  expect(nowMs()).toBe(1_000);
  expect(after(10, 10)).toBe(1_010);
  // The machine slept.
  expect(after(500, 0)).toBe(1_510);
  // Set back: time goes on from where it was, and is whole.
  expect(after(-800, 5.5)).toBe(1_515);
  expect(after(20, 20)).toBe(1_535);
  // Set right, and beyond.
  expect(after(1_000, 1)).toBe(1_730);
});
