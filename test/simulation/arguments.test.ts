import { describe, expect, test } from '@jest/globals';
import { readArguments } from './arguments.ts';

function messageOf(...words: string[]): string {
  const read = readArguments(words);
  return read.kind === 'wrong' ? read.message : read.kind;
}

describe('the arguments of the simulator', () => {
  test('one seed, with the rest as it usually is', () => {
    expect(readArguments(['--seed', '7'])).toMatchObject({
      kind: 'ok',
      value: { first_seed: 7, last_seed: 7, replicas: null, faults: null, sabotage: 'none' },
    });
  });

  test('a range of seeds and all options', () => {
    const words = '--seeds 10..20 --replicas 5 --steps 4000 --faults 2,5 --stop'.split(' ');
    expect(readArguments(words)).toMatchObject({
      kind: 'ok',
      value: {
        first_seed: 10,
        last_seed: 20,
        replicas: 5,
        steps: 4_000,
        faults: [2, 5],
        stops_at_first: true,
      },
    });
  });

  test.each([
    [[], 'give either --seed N or --seeds A..B'],
    [['--seed', 'x'], "--seed is 'x', not a whole number from 0 on"],
    [['--seeds', '5'], "--seeds is '5', not like 1..300"],
    [['--seeds', '9..3'], "--seeds is '3', not a whole number from 9 on"],
    [['--seed', '1', '--replicas', '99'], '--replicas is 99: at most 9'],
    [['--seed', '1', '--sabotage', 'x'], "--sabotage is 'x', not one of none"],
    [['--tempo'], "Unknown option '--tempo'"],
  ])('%j is refused with what would be right', (words, message) => {
    expect(messageOf(...words)).toContain(message);
  });
});
