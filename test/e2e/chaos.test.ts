import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { seededPrng } from '../../src/base/prng.ts';
import { eventually } from '../support/eventually.ts';
import { isLinearizable } from '../support/linearizability.ts';
import type { Model, Operation } from '../support/linearizability.ts';
import { call, hourOf2027, register } from './api-client.ts';
import { ProcessCluster } from './process-cluster.ts';

const CHAOS_MS = 100_000;
const SHARED_APPOINTMENTS = 6;
const CLIENTS = 8;
/** A fault every so often; so many replicas at most are down or stopped at a time. */
const FAULT_EVERY_MS = 2_500;
const VICTIMS_MAX = 3;

type Input = { readonly kind: 'put'; readonly title: string } | { readonly kind: 'get' };
/** The title that was put or read. */
type Output = string;

/** One appointment, looked at as a register that holds its title. */
function titleRegister(initial: string): Model<string, Input, Output> {
  return {
    initial,
    apply(state, input, output) {
      if (input.kind === 'put') return input.title;
      return output === null || output === state ? state : null;
    },
    keyOf: (state) => state,
  };
}

interface Booking {
  readonly title: string;
  acknowledged: boolean;
}

describe('eight hours of chaos, compressed', () => {
  const seed = Number(process.env['CHAOS_SEED'] ?? Date.now() % 1_000_000);
  let cluster: ProcessCluster;

  beforeAll(async () => {
    cluster = await ProcessCluster.create({ size: 7 });
    cluster.startAll();
    await cluster.awaitLeader();
  }, 120_000);

  afterAll(() => cluster.dispose(), 60_000);

  test('is linearizable for each appointment, with nothing acknowledged missing or double', async () => {
    console.log(`replay the schedule of faults with CHAOS_SEED=${seed}`);
    const token = await register(cluster.origin(0), 'chaos');
    const ids = await Promise.all(
      Array.from({ length: SHARED_APPOINTMENTS }, (_, number) => createShared(token, number)),
    );
    const histories: Operation<Input, Output>[][] = ids.map(() => []);
    const bookings: Booking[] = [];
    const ends_at = Date.now() + CHAOS_MS;
    const clients = Array.from({ length: CLIENTS }, (_, client) => runClient(client));
    await wreakHavoc(ends_at);
    await Promise.all(clients);

    for (const position of cluster.positions) {
      cluster.signal(position, 'SIGCONT');
      if (!cluster.isRunning(position)) cluster.start(position);
    }
    await cluster.awaitLeader();
    const states = await cluster.awaitEqualIndex();
    expect(new Set(states.map((state) => state.digest)).size).toBe(1);

    for (const [number, history] of histories.entries()) {
      const model = titleRegister(`shared ${number}`);
      expect([number, isLinearizable(model, withoutUnseen(history))]).toEqual([number, true]);
    }
    for (const position of cluster.positions) {
      const titles = await titlesOn(position, token);
      expect(new Set(titles).size).toBe(titles.length);
      const missing = bookings.filter((one) => one.acknowledged && !titles.includes(one.title));
      expect(missing).toEqual([]);
    }
    const answered = histories.flat().filter((one) => one.output !== null).length;
    const kept = bookings.filter((one) => one.acknowledged).length;
    console.log(`${answered} operations on shared appointments, ${kept} bookings acknowledged`);
    // Chaos that stops everything would show nothing.
    expect(answered).toBeGreaterThan(200);
    expect(kept).toBeGreaterThan(20);

    async function runClient(client: number): Promise<void> {
      const prng = seededPrng(seed * 100 + client);
      for (let count = 0; Date.now() < ends_at; count += 1) {
        const dice = prng.below(10);
        const number = prng.below(SHARED_APPOINTMENTS);
        const position = prng.below(cluster.size);
        if (dice < 5) await get(number, position);
        else if (dice < 8) await put(number, position, `client ${client} number ${count}`);
        else await book(client, count, prng.below(cluster.size));
        await sleep(prng.below(50));
      }
    }

    async function get(number: number, position: number): Promise<void> {
      const called_at = performance.now();
      const answer = await call(cluster.origin(position), 'GET', path(number), {
        token,
        timeout_ms: 8_000,
      }).catch(() => null);
      if (answer?.status !== 200) return;
      const { title } = answer.body['appointment'] as { title: string };
      const answered_at = performance.now();
      histories[number]?.push({ input: { kind: 'get' }, output: title, called_at, answered_at });
    }

    async function put(number: number, position: number, title: string): Promise<void> {
      const input: Input = { kind: 'put', title };
      const called_at = performance.now();
      const answer = await call(cluster.origin(position), 'PUT', path(number), {
        token,
        body: { title, ...hourOf2027(number), allow_conflict: true },
        timeout_ms: 8_000,
      }).catch(() => null);
      const answered_at = performance.now();
      if (answer?.status === 200) {
        histories[number]?.push({ input, output: title, called_at, answered_at });
      } else if (answer?.status !== 503) {
        // Only 503 says that nothing was done; anything else may happen any time later.
        histories[number]?.push({ input, output: null, called_at, answered_at: Infinity });
      }
    }

    /** Insists, with one key, until it is acknowledged or the chaos is over. */
    async function book(client: number, count: number, first: number): Promise<void> {
      const booking: Booking = { title: `booking ${client} ${count}`, acknowledged: false };
      bookings.push(booking);
      for (let attempt = 0; !booking.acknowledged && Date.now() < ends_at; attempt += 1) {
        const position = (first + attempt) % cluster.size;
        const answer = await call(cluster.origin(position), 'POST', '/api/appointments', {
          token,
          headers: { 'idempotency-key': `${client} ${count}` },
          body: { title: booking.title, ...hourOf2027(100 + client * 1_000 + count) },
          timeout_ms: 8_000,
        }).catch(() => null);
        booking.acknowledged = answer?.status === 201;
      }
    }

    function path(number: number): string {
      return `/api/appointments/${ids[number] ?? ''}`;
    }
  }, 400_000);

  /** Kills, stops and starts again, never more than a minority at a time. */
  async function wreakHavoc(ends_at: number): Promise<void> {
    const prng = seededPrng(seed);
    const victims = new Set<number>();
    const healing: Promise<void>[] = [];
    while (Date.now() < ends_at) {
      await sleep(FAULT_EVERY_MS);
      if (victims.size >= VICTIMS_MAX) continue;
      const candidates = cluster.positions.filter((position) => !victims.has(position));
      const leader = prng.below(2) === 0 ? await leaderOf(candidates) : null;
      const victim = leader ?? candidates[prng.below(candidates.length)] ?? 0;
      victims.add(victim);
      healing.push(
        hurt(victim, prng.below(3), 500 + prng.below(6_000)).then(
          () => void victims.delete(victim),
        ),
      );
    }
    await Promise.all(healing);
  }

  async function leaderOf(positions: readonly number[]): Promise<number | null> {
    for (const position of positions) {
      const state = await cluster.raftState(position).catch(() => null);
      if (state?.role === 'leader') return position;
    }
    return null;
  }

  async function hurt(victim: number, how: number, for_ms: number): Promise<void> {
    if (how === 0) {
      cluster.signal(victim, 'SIGSTOP');
      await sleep(for_ms);
      cluster.signal(victim, 'SIGCONT');
      return;
    }
    await cluster.kill(victim, how === 1 ? 'SIGKILL' : 'SIGTERM');
    await sleep(for_ms);
    cluster.start(victim);
  }

  async function createShared(token: string, number: number): Promise<string> {
    return eventually('a shared appointment', async () => {
      const answer = await call(cluster.origin(number % 7), 'POST', '/api/appointments', {
        token,
        headers: { 'idempotency-key': `shared ${number}` },
        body: { title: `shared ${number}`, ...hourOf2027(number) },
      });
      return answer.status === 201 ? (answer.body['id'] as string) : null;
    });
  }

  async function titlesOn(position: number, token: string): Promise<string[]> {
    const answer = await call(
      cluster.origin(position),
      'GET',
      '/api/agenda?start=2027-01-01T00:00:00Z&end=2029-01-01T00:00:00Z&consistency=local',
      { token, timeout_ms: 60_000 },
    );
    expect(answer.status).toBe(200);
    return (answer.body['items'] as { title: string }[]).map((item) => item.title);
  }
});

/** A change of unknown outcome that nobody ever saw can be taken never to have happened. */
function withoutUnseen(history: readonly Operation<Input, Output>[]): Operation<Input, Output>[] {
  const seen = new Set(history.filter((one) => one.input.kind === 'get').map((one) => one.output));
  return history.filter(
    (one) => one.output !== null || (one.input.kind === 'put' && seen.has(one.input.title)),
  );
}
