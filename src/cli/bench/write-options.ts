import { parseArgs } from 'node:util';

export interface WriteBenchOptions {
  readonly replicas: number;
  readonly base_port: number;
  readonly clients: readonly number[];
  /** Runs of each system at each number of clients, alternating. */
  readonly rounds: number;
  readonly measured_ms: number;
  /** Each system writes for so long before the first run: a program that was just started is slower. */
  readonly warm_up_ms: number;
}

/** What is wrong with the words, or what they mean. */
export function parseWriteOptions(words: readonly string[]): WriteBenchOptions | string {
  try {
    const { values } = parseArgs({
      args: [...words],
      options: {
        quick: { type: 'boolean', default: false },
        replicas: { type: 'string', default: '7' },
        clients: { type: 'string' },
        'base-port': { type: 'string', default: '18080' },
      },
    });
    const clients = (values.clients ?? (values.quick ? '1,16,64' : '1,16,64,256'))
      .split(',')
      .map(Number);
    const replicas = Number(values.replicas);
    const base_port = Number(values['base-port']);
    if (
      ![replicas, base_port, ...clients].every((number) => Number.isInteger(number) && number > 0)
    ) {
      return '--replicas, --clients and --base-port take whole numbers above 0';
    }
    return {
      replicas,
      base_port,
      clients,
      rounds: values.quick ? 2 : 5,
      measured_ms: values.quick ? 4_000 : 8_000,
      warm_up_ms: values.quick ? 12_000 : 30_000,
    };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
