import { describe, expect, test } from '@jest/globals';
import { parseHistoryOptions } from '../../../src/cli/bench/history-options.ts';

describe('what agenda bench --history is told', () => {
  test('without a word, the sizes that the promises name; fewer with --quick', () => {
    expect(parseHistoryOptions([])).toMatchObject({
      replicas: 3,
      appointments: 100_000,
      entries: 200_000,
      snapshot_entries: 10_000,
    });
    expect(parseHistoryOptions(['--quick'])).toMatchObject({
      appointments: 10_000,
      entries: 20_000,
    });
  });

  test('the history is twice the bookings, unless it is said', () => {
    expect(parseHistoryOptions(['--appointments', '30000'])).toMatchObject({ entries: 60_000 });
    const said = ['--quick', '--appointments', '5000', '--entries', '40000', '--replicas', '5'];
    expect(parseHistoryOptions(said)).toMatchObject({
      replicas: 5,
      appointments: 5_000,
      entries: 40_000,
      snapshot_entries: 1_000,
    });
  });

  test.each([
    [['--appointments', 'many'], 'whole numbers above 0'],
    [['--writers', '0'], 'whole numbers above 0'],
    [['--replicas', '2'], '--replicas should be 3 or more'],
    [['--entries', '15000'], '--entries should be twice --snapshot-entries'],
    [['--quick', '--writers', '65'], '--writers should be 64 or fewer'],
    [['--histories'], '--histories'],
  ])('%j is refused with what would be right', (words, part) => {
    expect(parseHistoryOptions(words)).toEqual(expect.stringContaining(part));
  });
});
