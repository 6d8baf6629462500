import { expect, test } from '@jest/globals';
import { gaugeOf } from '../../../src/cli/bench/process-cost.ts';

test('a figure is found by its whole name, with its labels', () => {
  const text = [
    '# TYPE late_seconds gauge',
    'late_seconds{quantile="0.99"} 0.25',
    'late_seconds{quantile="1"} 1.5',
    'memory_bytes_max 9',
    'memory_bytes 8e+6',
  ].join('\n');
  expect(gaugeOf(text, 'late_seconds{quantile="1"}')).toBe(1.5);
  expect(gaugeOf(text, 'memory_bytes')).toBe(8_000_000);
  expect(gaugeOf(text, 'memory')).toBeNull();
});
