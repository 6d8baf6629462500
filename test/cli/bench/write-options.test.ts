import { expect, test } from '@jest/globals';
import { parseWriteOptions } from '../../../src/cli/bench/write-options.ts';

test('seven replicas and 1 to 256 clients, unless told otherwise', () => {
  expect(parseWriteOptions([])).toMatchObject({ replicas: 7, clients: [1, 16, 64, 256] });
  expect(parseWriteOptions(['--quick'])).toMatchObject({ replicas: 7, clients: [1, 16, 64] });
  expect(parseWriteOptions(['--replicas', '3', '--clients', '2,8'])).toMatchObject({
    replicas: 3,
    clients: [2, 8],
  });
});

test('--quick runs less often and for a shorter time', () => {
  const [whole, quick] = [parseWriteOptions([]), parseWriteOptions(['--quick'])];
  if (typeof whole === 'string' || typeof quick === 'string') throw new Error('no options');
  expect(quick.rounds).toBeLessThan(whole.rounds);
  expect(quick.measured_ms).toBeLessThan(whole.measured_ms);
  expect(quick.warm_up_ms).toBeLessThan(whole.warm_up_ms);
});

test.each([
  [['--clients', '1,x'], '--replicas, --clients and --base-port take whole numbers above 0'],
  [['--replicas', '0'], '--replicas, --clients and --base-port take whole numbers above 0'],
  [['--people=3'], "Unknown option '--people'"],
])('%j is refused with what would be right', (words, problem) => {
  expect(parseWriteOptions(words)).toContain(problem);
});
