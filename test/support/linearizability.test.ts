import { describe, expect, test } from '@jest/globals';
import { judgeHistory } from './linearizability.ts';
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

function isLinearizable(history: Operation<Input, Output>[]): boolean {
  return judgeHistory(register, history).is_linearizable;
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
    expect(isLinearizable(history)).toBe(true);
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
    expect(isLinearizable(history)).toBe(false);
  });

  test('judges a long history with much at the same time', () => {
    const history: Operation<Input, Output>[] = [];
    for (let round = 0; round < 60; round += 1) {
      history.push(write(round + 1, round * 10, round * 10 + 9));
      if (round % 10 === 0) history.push(write(1_000 + round, round * 10, Infinity));
      history.push(read(round + 1, round * 10 + 9.5, round * 10 + 9.9));
    }
    expect(isLinearizable(history)).toBe(true);
    expect(isLinearizable([...history, read(5, 700, 701)])).toBe(false);
  });

  test('tells where it came furthest, and what could not be next', () => {
    const lost = read(0, 4, 6);
    const history = [write(1, 0, 1), read(1, 2, 3), lost, read(0, 5, 7), read(1, 8, 9)];
    expect(judgeHistory(register, history)).toEqual({
      is_linearizable: false,
      stuck: { placed: 2, state: 1, operations: [lost, read(0, 5, 7)] },
    });
  });

  test('says neither yes nor no when it would take too long', () => {
    const unknown = Array.from({ length: 40 }, (_, number) => write(number + 1, 0, Infinity));
    expect(() => judgeHistory(register, [...unknown, read(99, 1, 2)], 10_000)).toThrow(
      'not decided',
    );
  });
});

/** A counter, of which each increment tells the count. Its increments are all alike. */
const counter: Model<number, 'increment', number> = {
  initial: 0,
  apply: (count, _input, output) => (output === null || output === count + 1 ? count + 1 : null),
  keyOf: String,
  isStillPossible: (count, output) => output > count,
  nameOf: (input) => input,
};

describe('many unknown operations that are alike', () => {
  function increment(output: number | null, called_at: number): Operation<'increment', number> {
    const answered_at = output === null ? Infinity : called_at + 0.5;
    return { input: 'increment', output, called_at, answered_at };
  }
  const unknown = Array.from({ length: 60 }, (_, at) => increment(null, at));

  test.each([
    ['all happened at once', [increment(61, 70)]],
    ['half of them happened', [increment(1, 0), increment(5, 10), increment(32, 70)]],
    ['each before the next known', unknown.map((_, at) => increment(2 * at + 2, at + 0.1))],
  ])('cost no search: %s', (_name, known) => {
    expect(judgeHistory(counter, [...unknown, ...known], 2_000).is_linearizable).toBe(true);
  });

  test.each([
    ['more than there were', [increment(62, 70)]],
    ['more than had been called', [increment(7, 3.5)]],
    ['a count that comes twice', [increment(7, 20), increment(7, 30)]],
    ['a count that goes back', [increment(9, 20), increment(8, 30)]],
  ])('cost no search either when it is illegal: %s', (_name, known) => {
    expect(judgeHistory(counter, [...unknown, ...known], 2_000).is_linearizable).toBe(false);
  });
});
