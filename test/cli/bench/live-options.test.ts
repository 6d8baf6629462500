import { describe, expect, test } from '@jest/globals';
import { parseLiveOptions } from '../../../src/cli/bench/live-options.ts';

describe('what agenda bench --live is told', () => {
  test('without a word, the sizes that the promises name; fewer with --quick', () => {
    expect(parseLiveOptions([])).toMatchObject({ replicas: 7, changes: 200, clients: 10_000 });
    expect(parseLiveOptions(['--quick'])).toMatchObject({ replicas: 3, clients: 1_000 });
    const said = ['--quick', '--clients', '500', '--writers', '2'];
    expect(parseLiveOptions(said)).toMatchObject({ replicas: 3, clients: 500, writers: 2 });
  });

  test.each([
    [['--clients', 'many'], 'whole numbers above 0'],
    [['--changes', '0'], 'whole numbers above 0'],
    [['--replicas', '1'], '--replicas should be 2 or more'],
    [['--lively'], '--lively'],
  ])('%j is refused with what would be right', (words, part) => {
    expect(parseLiveOptions(words)).toEqual(expect.stringContaining(part));
  });
});
