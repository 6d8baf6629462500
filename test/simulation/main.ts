import { closeSync, openSync, writeSync } from 'node:fs';
import { readArguments, usage } from './arguments.ts';
import type { SimulationArguments } from './arguments.ts';
import { describeFaults, describeResult, describeViolation } from './report.ts';
import { shrink } from './shrink.ts';
import { simulate } from './simulate.ts';
import type { SimulationOptions, SimulationResult } from './simulate.ts';
import { createTally } from './tally.ts';

/** The simulator's command line: 0 when everything held, 1 on a violation, 2 when misused. */
async function run(words: readonly string[]): Promise<number> {
  const read = readArguments(words);
  if (read.kind === 'help') {
    console.log(usage);
    return 0;
  }
  if (read.kind === 'wrong') {
    console.error(`simulate: ${read.message}\n\n${usage}`);
    return 2;
  }
  const { value } = read;
  return value.first_seed === value.last_seed ? runOne(value) : runMany(value);
}

function optionsFor(
  { replicas, steps, faults, sabotage }: SimulationArguments,
  seed: number,
): SimulationOptions {
  return { seed, replicas, steps, faults, sabotage, onTraceLine: null };
}

async function runOne(value: SimulationArguments): Promise<number> {
  const options = optionsFor(value, value.first_seed);
  const file = value.trace_file === null ? null : openSync(value.trace_file, 'w');
  const result = await simulate({
    ...options,
    onTraceLine: file === null ? null : (line) => void writeSync(file, line),
  });
  if (file !== null) closeSync(file);
  console.log(describeResult(result));
  console.log(describeFaults(result.faults));
  if (result.violation === null) return 0;
  await report(options, result);
  return 1;
}

/** A line about once a second, a summary at the end; goes on after a violation. */
async function runMany(value: SimulationArguments): Promise<number> {
  const tally = createTally(value.last_seed - value.first_seed + 1);
  for (let seed = value.first_seed; seed <= value.last_seed; seed += 1) {
    const options = optionsFor(value, seed);
    const result = await simulate(options);
    tally.add(result);
    if (result.violation !== null) {
      await report(options, result);
      if (value.stops_at_first) break;
    }
    tally.showProgress();
  }
  console.log(tally.summary());
  return tally.violations === 0 ? 0 : 1;
}

async function report(options: SimulationOptions, result: SimulationResult): Promise<void> {
  console.log(describeViolation(options, result));
  const smallest = await shrink(options, result);
  console.log(
    `The smallest part of its faults that still breaks something:\n` +
      `${describeFaults(smallest.result.faults)}\n` +
      `  ${smallest.result.violation?.message ?? ''}\n` +
      `Replay it:\n  ${smallest.command}`,
  );
}

process.exitCode = await run(process.argv.slice(2));
