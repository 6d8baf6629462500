import { describe, expect, test } from '@jest/globals';
import { parsePeopleOptions } from '../../../src/cli/bench/people-options.ts';

describe('what agenda bench --people is told', () => {
  test('without a word, the sizes that the promises name; fewer with --quick', () => {
    expect(parsePeopleOptions([])).toMatchObject({
      people: 1_000,
      appointments: 100_000,
      group_size: 100,
      invited: 45,
    });
    expect(parsePeopleOptions(['--quick'])).toMatchObject({ people: 100, appointments: 5_000 });
  });

  test.each([
    [['--people', '0'], 'whole numbers above 0'],
    [['--group-size', 'large'], 'whole numbers above 0'],
    [['--people', '50'], 'at least --group-size'],
    [['--quick', '--invited', '100'], 'more than --invited'],
    [['--persons'], '--persons'],
  ])('%j is refused with what would be right', (words, part) => {
    expect(parsePeopleOptions(words)).toEqual(expect.stringContaining(part));
  });
});
