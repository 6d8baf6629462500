import { parseArgs } from 'node:util';
import { sabotage_names } from './sabotage.ts';
import type { SabotageName } from './sabotage.ts';
import { default_steps } from './simulate.ts';

export interface SimulationArguments {
  readonly first_seed: number;
  readonly last_seed: number;
  /** Null: chosen by the seed. */
  readonly replicas: number | null;
  readonly steps: number;
  readonly faults: readonly number[] | null;
  readonly trace_file: string | null;
  readonly sabotage: SabotageName;
  readonly stops_at_first: boolean;
}

export const usage = `Usage: npm run simulate -- --seed N | --seeds A..B [options]

Runs whole replicas in one process, in virtual time, while their network, disks, clocks and processes fail by
a schedule that the seed makes. Exit code 1 when anything did not hold.

  --seed N            one run
  --seeds A..B        many, with a progress line and a summary
  --replicas N        3, 5 or 7; without it the seed chooses
  --steps N           messages, disk writes and requests before everything is mended; ${default_steps} unless said
  --faults 2,5        only these of the seed's faults
  --trace FILE        (one seed) writes what happened, line by line
  --sabotage NAME     puts a known mistake back: ${sabotage_names.join(', ')}
  --stop              (many seeds) ends at the first violation`;

type Read =
  | { readonly kind: 'ok'; readonly value: SimulationArguments }
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly message: string };

class WrongArgument extends Error {
  override name = 'WrongArgument';
}

export function readArguments(words: readonly string[]): Read {
  try {
    const { values } = parseArgs({
      args: [...words],
      options: {
        seed: { type: 'string' },
        seeds: { type: 'string' },
        replicas: { type: 'string' },
        steps: { type: 'string' },
        faults: { type: 'string' },
        trace: { type: 'string' },
        sabotage: { type: 'string' },
        stop: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    });
    if (values.help === true) return { kind: 'help' };
    return {
      kind: 'ok',
      value: {
        ...readSeeds(values.seed, values.seeds),
        replicas: values.replicas === undefined ? null : readReplicas(values.replicas),
        steps:
          values.steps === undefined ? default_steps : readNumber('--steps', values.steps, 100),
        faults:
          values.faults?.split(',').map((number) => readNumber('--faults', number, 0)) ?? null,
        trace_file: values.trace ?? null,
        sabotage: readSabotage(values.sabotage ?? 'none'),
        stops_at_first: values.stop ?? false,
      },
    };
  } catch (error) {
    return { kind: 'wrong', message: error instanceof Error ? error.message : String(error) };
  }
}

function readSeeds(
  seed: string | undefined,
  seeds: string | undefined,
): Pick<SimulationArguments, 'first_seed' | 'last_seed'> {
  if ((seed === undefined) === (seeds === undefined)) {
    throw new WrongArgument('give either --seed N or --seeds A..B');
  }
  if (seed !== undefined) {
    const only = readNumber('--seed', seed, 0);
    return { first_seed: only, last_seed: only };
  }
  const [first, last, ...rest] = (seeds ?? '').split('..');
  if (first === undefined || last === undefined || rest.length > 0) {
    throw new WrongArgument(`--seeds is '${seeds}', not like 1..300`);
  }
  const first_seed = readNumber('--seeds', first, 0);
  return { first_seed, last_seed: readNumber('--seeds', last, first_seed) };
}

function readNumber(name: string, text: string, least: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
  throw new WrongArgument(`${name} is '${text}', not a whole number from ${least} on`);
}

function readReplicas(text: string): number {
  const value = readNumber('--replicas', text, 1);
  if (value <= 9) return value;
  throw new WrongArgument(`--replicas is ${value}: at most 9`);
}

function readSabotage(text: string): SabotageName {
  const found = sabotage_names.find((name) => name === text);
  if (found !== undefined) return found;
  throw new WrongArgument(`--sabotage is '${text}', not one of ${sabotage_names.join(', ')}`);
}
