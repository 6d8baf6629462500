import { describe, expect, test } from '@jest/globals';
import { sabotage_names } from './sabotage.ts';
import { shrink } from './shrink.ts';
import { default_steps, simulate } from './simulate.ts';
import type { SimulationOptions, SimulationResult } from './simulate.ts';

const plain: Omit<SimulationOptions, 'seed'> = {
  replicas: 3,
  steps: 800,
  faults: null,
  sabotage: 'none',
  onTraceLine: null,
};

async function traced(options: SimulationOptions): Promise<readonly [SimulationResult, string]> {
  const lines: string[] = [];
  const result = await simulate({ ...options, onTraceLine: (line) => void lines.push(line) });
  return [result, lines.join('')];
}

describe('the simulation', () => {
  test('two runs of a seed give traces that are equal to the byte', async () => {
    const [first, first_trace] = await traced({ ...plain, seed: 7 });
    const [second, second_trace] = await traced({ ...plain, seed: 7 });
    expect(first.violation).toBeNull();
    expect(first_trace.length).toBeGreaterThan(10_000);
    expect(second_trace).toBe(first_trace);
    expect(second.trace_digest).toBe(first.trace_digest);
  });

  test('another seed is another run', async () => {
    const first = await simulate({ ...plain, seed: 7 });
    const second = await simulate({ ...plain, seed: 8 });
    expect(second.trace_digest).not.toBe(first.trace_digest);
  });

  test('a seed has at least five faults, and as many steps as were asked for', async () => {
    const result = await simulate({ ...plain, seed: 9, replicas: null });
    expect(result.inflicted.length).toBeGreaterThanOrEqual(5);
    expect(result.steps).toBeGreaterThanOrEqual(plain.steps);
    expect(result.committed).toBeGreaterThan(10);
    expect(result.operations).toBeGreaterThan(10);
  });

  test('faults can be left out', async () => {
    const result = await simulate({ ...plain, seed: 9, faults: [2, 4] });
    expect(result.faults.map(({ number }) => number)).toEqual([2, 4]);
  });
});

describe('seeds that found something once', () => {
  test.each([
    [10_341, 'an answer to a chunk of a snapshot carried a term that was not on the disk'],
    [20_879, 'of this harness: demoted to two voters, when one had just lost its disk'],
    [51_390, 'two replicas asked for pre-votes at the same moment, twice'],
    [110_321, 'a damaged entry behind an undamaged one of another history'],
    [61_121, 'a damaged entry that the others had cut, and that the state was not beyond'],
    [23_961, 'of this harness: a disk that broke unnoticed was not mended in the end'],
  ])(
    'seed %i: %s',
    async (seed) => {
      const result = await simulate({ ...plain, seed, replicas: null, steps: default_steps });
      expect(result.violation).toBeNull();
    },
    300_000,
  );
});

describe('known mistakes put back are found', () => {
  const mistakes = sabotage_names.filter((name) => name !== 'none');

  test.each(mistakes)(
    '%s',
    async (sabotage) => {
      for (let seed = 1; seed <= 60; seed += 1) {
        const options = { ...plain, seed, steps: 2_200, sabotage };
        const result = await simulate(options);
        if (result.violation === null) continue;
        const healthy = await simulate({ ...options, sabotage: 'none' });
        expect(healthy.violation).toBeNull();
        return;
      }
      throw new Error(`${sabotage} was not found`);
    },
    600_000,
  );

  test('a schedule that fails is made smaller, and the smaller one fails too', async () => {
    const options = { ...plain, seed: 1, steps: 2_200, sabotage: 'scenario-18' as const };
    const failed = await simulate(options);
    expect(failed.violation).not.toBeNull();
    const { result, command } = await shrink(options, failed);
    expect(result.violation).not.toBeNull();
    expect(result.faults.length).toBeLessThan(failed.faults.length);
    expect(command).toContain('--seed 1 --replicas 3');
    expect(command).toContain('--sabotage scenario-18');
  }, 600_000);
});
