import { describe, expect, test } from '@jest/globals';
import { isLinearizable } from './linearizability.ts';
import type { Model, Operation } from './linearizability.ts';

type Input = { kind: 'write'; value: number } | { kind: 'read' };
type Output = number | 'written';

/** A register that begins at 0. */
const register: Model<number, Input, Output> = {
  initial: 0,
  apply(state, input, output) {
    if (input.kind === 'write') return input.value;
    return output === null || output === state ? state : null;
  },
  keyOf: String,
};

function write(value: number, called_at: number, answered_at: number): Operation<Input, Output> {
  const output = answered_at === Infinity ? null : 'written';
  return { input: { kind: 'write', value }, output, called_at, answered_at };
}

function read(value: number, called_at: number, answered_at: number): Operation<Input, Output> {
  return { input: { kind: 'read' }, output: value, called_at, answered_at };
}

describe('the checker of histories', () => {
  test.each([
    ['nothing happened', []],
    ['one after the other', [write(1, 0, 1), read(1, 2, 3)]],
    ['a read during a write sees the old value', [write(1, 0, 10), read(0, 1, 2)]],
    ['a read during a write sees the new value', [write(1, 0, 10), read(1, 1, 2), read(1, 3, 4)]],
    ['two writes at once, either may be last', [write(1, 0, 5), write(2, 0, 5), read(1, 6, 7)]],
    ['an unknown write that happened', [write(1, 0, Infinity), read(0, 1, 2), read(1, 3, 4)]],
    [
      'an unknown write that never happened',
      [write(1, 0, Infinity), read(0, 1, 2), read(0, 9, 10)],
    ],
    [
      'an unknown write that happened late',
      [write(1, 0, Infinity), write(2, 1, 2), read(2, 3, 4), read(1, 5, 6)],
    ],
  ])('finds legal: %s', (_name, history) => {
    expect(isLinearizable(register, history)).toBe(true);
  });

  test.each([
    ['a lost write', [write(1, 0, 1), read(0, 2, 3)]],
    ['a value nobody wrote', [write(1, 0, 1), read(7, 2, 3)]],
    ['a read that goes back', [write(1, 0, 10), read(1, 1, 2), read(0, 3, 4)]],
    [
      'two readers who disagree on the order',
      [write(1, 0, 2), write(2, 0, 2), read(1, 3, 4), read(2, 5, 6), read(1, 7, 8)],
    ],
    ['a value from before its write', [read(1, 0, 1), write(1, 2, 3)]],
    ['an unknown write that comes and goes', [write(1, 0, Infinity), read(1, 1, 2), read(0, 3, 4)]],
  ])('finds illegal: %s', (_name, history) => {
    expect(isLinearizable(register, history)).toBe(false);
  });

  test('judges a long history with much at the same time', () => {
    const history: Operation<Input, Output>[] = [];
    for (let round = 0; round < 60; round += 1) {
      history.push(write(round + 1, round * 10, round * 10 + 9));
      if (round % 10 === 0) history.push(write(1_000 + round, round * 10, Infinity));
      history.push(read(round + 1, round * 10 + 9.5, round * 10 + 9.9));
    }
    expect(isLinearizable(register, history)).toBe(true);
    expect(isLinearizable(register, [...history, read(5, 700, 701)])).toBe(false);
  });
});
