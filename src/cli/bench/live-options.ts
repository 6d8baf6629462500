import { parseArgs } from 'node:util';

export interface LiveOptions {
  readonly replicas: number;
  readonly base_port: number;
  /** That two people make of each other's appointments, in each of the measurements. */
  readonly changes: number;
  /** WebSockets at one replica. */
  readonly clients: number;
  /** Things that all of them are told, one after the other. */
  readonly announcements: number;
  /** Others who write meanwhile, in the second measurement, each with one request at a time. */
  readonly writers: number;
}

const DEFAULT = { replicas: '7', changes: '200', clients: '10000', announcements: '10' };
const QUICK = { replicas: '3', changes: '50', clients: '1000', announcements: '3' };

/** What is wrong with the words, as text, unless they are options. */
export function parseLiveOptions(words: readonly string[]): LiveOptions | string {
  try {
    const { values } = parseArgs({
      args: [...words],
      options: {
        quick: { type: 'boolean', default: false },
        replicas: { type: 'string' },
        changes: { type: 'string' },
        clients: { type: 'string' },
        announcements: { type: 'string' },
        writers: { type: 'string', default: '4' },
        'base-port': { type: 'string', default: '18080' },
      },
    });
    const given = { ...(values.quick ? QUICK : DEFAULT), ...values };
    const options: LiveOptions = {
      replicas: Number(given.replicas),
      base_port: Number(given['base-port']),
      changes: Number(given.changes),
      clients: Number(given.clients),
      announcements: Number(given.announcements),
      writers: Number(given.writers),
    };
    if (!Object.values(options).every((number) => Number.isSafeInteger(number) && number > 0)) {
      return (
        '--replicas, --changes, --clients, --announcements, --writers and --base-port take whole ' +
        'numbers above 0'
      );
    }
    if (options.replicas < 2)
      return '--replicas should be 2 or more: two people are at two of them';
    return options;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
