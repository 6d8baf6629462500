import { parseArgs } from 'node:util';

export interface HistoryOptions {
  readonly replicas: number;
  readonly base_port: number;
  /** Booked before anything is measured. */
  readonly appointments: number;
  /** In the history of the log by then; what is missing are changes of profiles. */
  readonly entries: number;
  /** `SNAPSHOT_ENTRIES` of the replicas. */
  readonly snapshot_entries: number;
  /** People who fill the agenda, each with one request at a time. */
  readonly people: number;
  /** Those who go on writing while things happen. */
  readonly writers: number;
  /** How long the writes alone are watched. */
  readonly writes_only_ms: number;
}

type Sizes = Pick<
  HistoryOptions,
  'appointments' | 'snapshot_entries' | 'people' | 'writes_only_ms'
>;

const DEFAULT: Sizes = {
  appointments: 100_000,
  snapshot_entries: 10_000,
  people: 256,
  writes_only_ms: 15_000,
};
const QUICK: Sizes = {
  appointments: 10_000,
  snapshot_entries: 1_000,
  people: 64,
  writes_only_ms: 8_000,
};

/** What is wrong with the words, as text, unless they are options. */
export function parseHistoryOptions(words: readonly string[]): HistoryOptions | string {
  try {
    const { values } = parseArgs({
      args: [...words],
      options: {
        quick: { type: 'boolean', default: false },
        appointments: { type: 'string' },
        entries: { type: 'string' },
        'snapshot-entries': { type: 'string' },
        writers: { type: 'string', default: '4' },
        replicas: { type: 'string', default: '3' },
        'base-port': { type: 'string', default: '18080' },
      },
    });
    const sizes = values.quick ? QUICK : DEFAULT;
    const appointments = Number(values.appointments ?? sizes.appointments);
    const entries = Number(values.entries ?? 2 * appointments);
    const snapshot_entries = Number(values['snapshot-entries'] ?? sizes.snapshot_entries);
    const writers = Number(values.writers);
    const replicas = Number(values.replicas);
    const base_port = Number(values['base-port']);
    const numbers = [appointments, entries, snapshot_entries, writers, replicas, base_port];
    if (!numbers.every((number) => Number.isSafeInteger(number) && number > 0)) {
      return (
        '--appointments, --entries, --snapshot-entries, --writers, --replicas and --base-port take ' +
        'whole numbers above 0'
      );
    }
    if (replicas < 3) return '--replicas should be 3 or more: one of them is killed meanwhile';
    if (entries < 2 * snapshot_entries) {
      return '--entries should be twice --snapshot-entries or more, or no log is cut';
    }
    if (writers > sizes.people) return `--writers should be ${sizes.people} or fewer`;
    return { ...sizes, replicas, base_port, appointments, entries, snapshot_entries, writers };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
