import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { must } from '../../base/assert.ts';
import { callApi } from '../api-client.ts';
import type { ApiAnswer } from '../api-client.ts';
import { AgendaCluster } from './agenda-cluster.ts';
import { percentile } from './load.ts';
import { parsePeopleOptions } from './people-options.ts';
import type { PeopleOptions } from './people-options.ts';
import { bookMany } from './write-load.ts';

/** What one call took, over and over. */
interface Timing {
  readonly what: string;
  readonly latencies_ms: readonly number[];
}

const RANGE = 'start=2030-01-01T00:00:00Z&end=2030-02-01T00:00:00Z';
const REPEATS = 40;

/**
 * Measures what groups and invitations cost in a large state: many people with many appointments, in groups
 * of a hundred. The exit code: 1 when a call failed.
 */
export async function runPeopleBench(words: readonly string[]): Promise<number> {
  const options = parsePeopleOptions(words);
  if (typeof options === 'string') {
    console.error(`agenda bench --people: ${options}`);
    return 2;
  }
  const cpu = cpus();
  const { replicas, people, appointments, group_size } = options;
  console.log(
    `${replicas} replicas on ${cpu.length} cores (${cpu[0]?.model ?? 'unknown'}), Node ${process.version}: ` +
      `${people} people, ${appointments} appointments, groups of ${group_size}`,
  );
  const directory = mkdtempSync(join(tmpdir(), 'agenda-bench-'));
  const cluster = new AgendaCluster(replicas, options.base_port, directory);
  try {
    await cluster.start(people);
    const filled = await bookMany(cluster, people, appointments);
    console.log(
      `filled with ${filled.succeeded} bookings, ${filled.per_second.toFixed(0)} a second`,
    );
    await cluster.findLeader();
    const timings = await new PeopleBench(cluster, options).run();
    printTimings(timings);
    return filled.failed === 0 ? 0 : 1;
  } catch (error) {
    console.error(String(error));
    return 1;
  } finally {
    await cluster.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

class PeopleBench {
  readonly #cluster: AgendaCluster;
  readonly #options: PeopleOptions;

  constructor(cluster: AgendaCluster, options: PeopleOptions) {
    this.#cluster = cluster;
    this.#options = options;
  }

  async run(): Promise<readonly Timing[]> {
    const { group_size, invited } = this.#options;
    const group_ids: string[] = [];
    for (let first = 0; first + group_size <= this.#options.people; first += group_size) {
      group_ids.push(await this.#foundGroup(first));
    }
    const group_id = must(group_ids[0], 'fewer people than one group has');
    const timings = [
      await this.#time(`an appointment of a group of ${group_size} is made`, REPEATS, (count) =>
        this.#write(0, 'POST', '/api/appointments', {
          title: `Assembly ${count}`,
          group_id,
          ...hoursOf2032(count),
        }),
      ),
      ...(await this.#invitation(invited)),
      await this.#time('a month of an agenda', REPEATS, () =>
        this.#read(1, `/api/agenda?${RANGE}`),
      ),
      await this.#time('the same with consistency=local', REPEATS, () =>
        this.#read(1, `/api/agenda?${RANGE}&consistency=local`),
      ),
      await this.#time(
        `a day of the agenda of a group, with the busy times of ${group_size}`,
        10,
        () =>
          this.#read(
            1,
            `/api/groups/${group_id}/agenda?start=2030-01-01T00:00:00Z&end=2030-01-02T00:00:00Z&include=busy`,
          ),
      ),
      await this.#time('50 notifications', REPEATS, () =>
        this.#read(1, '/api/notifications?limit=50'),
      ),
      await this.#time('a search in a month', REPEATS, () =>
        this.#read(1, `/api/search?query=nowhere&${RANGE}`),
      ),
    ];
    return timings;
  }

  async #foundGroup(first: number): Promise<string> {
    const group = { name: `Group of ${first}`, group_type: 'hierarchical' };
    const { body } = await this.#write(first, 'POST', '/api/groups', group);
    const { id } = body as { id: string };
    for (let member = first + 1; member < first + this.#options.group_size; member += 1) {
      const added = { username: `bench-${member}`, rank: member % 10 };
      await this.#write(first, 'POST', `/api/groups/${id}/members`, added);
    }
    return id;
  }

  /** So many people are asked, all accept, the meeting moves, and all accept again. */
  async #invitation(invited: number): Promise<readonly Timing[]> {
    const participants = Array.from({ length: invited }, (_, at) => ({
      username: `bench-${at + 1}`,
    }));
    const body = { title: 'Everybody', participants, ...hoursOf2032(1_000) };
    const created = await this.#write(0, 'POST', '/api/appointments', body);
    const { appointment } = created.body as { appointment: { id: string } };
    const path = `/api/appointments/${appointment.id}`;
    const accept = (at: number): Promise<ApiAnswer> =>
      this.#write(at + 1, 'POST', `${path}/accept`);
    const accepted = await this.#time(`accept, with ${invited} participants`, invited, accept);
    const moved = await this.#time(`a meeting of ${invited} is moved`, 10, (count) =>
      this.#write(0, 'PATCH', path, hoursOf2032(1_001 + count)),
    );
    return [accepted, moved];
  }

  #write(client: number, method: string, path: string, body?: object): Promise<ApiAnswer> {
    return this.#call(client, method, path, body);
  }

  #read(client: number, path: string): Promise<ApiAnswer> {
    return this.#call(client, 'GET', path);
  }

  async #call(client: number, method: string, path: string, body?: object): Promise<ApiAnswer> {
    const token = this.#cluster.tokenOf(client);
    const { origin } = this.#cluster.leader;
    const options = { token, ...(body === undefined ? {} : { body }) };
    const answer = await callApi(origin, method, path, options);
    if (answer.status < 300) return answer;
    throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  }

  async #time(
    what: string,
    times: number,
    call: (count: number) => Promise<ApiAnswer>,
  ): Promise<Timing> {
    const latencies_ms: number[] = [];
    for (let count = 0; count < times; count += 1) {
      const began_ms = performance.now();
      await call(count);
      latencies_ms.push(performance.now() - began_ms);
    }
    return { what, latencies_ms: latencies_ms.toSorted((one, other) => one - other) };
  }
}

/** Where nobody has booked. */
function hoursOf2032(hour: number): object {
  const start_ms = Date.UTC(2032, 0, 1) + hour * 3_600_000;
  const end_ms = start_ms + 1_800_000;
  return { start: new Date(start_ms).toISOString(), end: new Date(end_ms).toISOString() };
}

function printTimings(timings: readonly Timing[]): void {
  console.log('\n| what | calls | p50 ms | p99 ms | max ms |');
  console.log('| --- | --- | --- | --- | --- |');
  for (const { what, latencies_ms } of timings) {
    const at = (share: number): string => (percentile(latencies_ms, share) ?? 0).toFixed(1);
    console.log(`| ${[what, latencies_ms.length, at(0.5), at(0.99), at(1)].join(' | ')} |`);
  }
  console.log('\nOne call at a time, at the leader, over HTTP.');
}
