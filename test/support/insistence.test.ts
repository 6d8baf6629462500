import { describe, expect, test } from '@jest/globals';
import { operationsOf } from './insistence.ts';
import type { Attempt, Outcome } from './insistence.ts';

/** One attempt a second, half a second each. */
function attempts(...outcomes: Outcome<string>[]): Attempt<string>[] {
  return outcomes.map((outcome, second) => ({
    outcome,
    called_at: second,
    answered_at: second + 0.5,
  }));
}

const done = { kind: 'done', output: 'done' } as const;
const refused = { kind: 'refused', output: 'refused' } as const;
const not_done = { kind: 'not_done' } as const;
const unknown = { kind: 'unknown' } as const;

describe('the attempts of one request with one key', () => {
  test('are one operation when one of them is acknowledged', () => {
    const [operation, ...more] = operationsOf('it', attempts(not_done, unknown, not_done, done));
    // Since the second one it may have been done.
    expect(operation).toEqual({ input: 'it', output: 'done', called_at: 1, answered_at: 3.5 });
    expect(more).toEqual([]);
  });

  test('are the last one when certainly nothing was done before', () => {
    const told = { input: 'it', output: 'refused', called_at: 1, answered_at: 1.5 };
    expect(operationsOf('it', attempts(not_done, refused))).toEqual([told]);
    expect(operationsOf('it', attempts(not_done, done))).toEqual([{ ...told, output: 'done' }]);
  });

  test('may still happen after a refusal when one is unknown', () => {
    expect(operationsOf('it', attempts(unknown, refused))).toEqual([
      { input: 'it', output: 'refused', called_at: 1, answered_at: 1.5 },
      { input: 'it', output: null, called_at: 0, answered_at: Infinity },
    ]);
  });

  test('may have happened when nothing was ever answered', () => {
    expect(operationsOf('it', attempts(not_done, unknown, not_done))).toEqual([
      { input: 'it', output: null, called_at: 1, answered_at: Infinity },
    ]);
  });

  test('are nothing when certainly nothing was done', () => {
    expect(operationsOf('it', attempts(not_done, not_done))).toEqual([]);
  });
});
