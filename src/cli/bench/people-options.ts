import { parseArgs } from 'node:util';

export interface PeopleOptions {
  readonly replicas: number;
  readonly base_port: number;
  readonly people: number;
  /** Booked before anything is measured. */
  readonly appointments: number;
  readonly group_size: number;
  /** To one appointment. */
  readonly invited: number;
}

/** What is wrong with the words, as text, unless they are options. */
export function parsePeopleOptions(words: readonly string[]): PeopleOptions | string {
  try {
    const { values } = parseArgs({
      args: [...words],
      options: {
        quick: { type: 'boolean', default: false },
        people: { type: 'string' },
        appointments: { type: 'string' },
        'group-size': { type: 'string' },
        invited: { type: 'string', default: '45' },
        replicas: { type: 'string', default: '3' },
        'base-port': { type: 'string', default: '18080' },
      },
    });
    const people = Number(values.people ?? (values.quick ? 100 : 1_000));
    const appointments = Number(values.appointments ?? (values.quick ? 5_000 : 100_000));
    const group_size = Number(values['group-size'] ?? (values.quick ? 50 : 100));
    const invited = Number(values.invited);
    const replicas = Number(values.replicas);
    const base_port = Number(values['base-port']);
    const numbers = [people, appointments, group_size, invited, replicas, base_port];
    if (!numbers.every((number) => Number.isSafeInteger(number) && number > 0)) {
      return (
        '--people, --appointments, --group-size, --invited, --replicas and --base-port take whole ' +
        'numbers above 0'
      );
    }
    if (people < Math.max(group_size, invited + 1)) {
      return '--people should be at least --group-size, and more than --invited';
    }
    return { replicas, base_port, people, appointments, group_size, invited };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
