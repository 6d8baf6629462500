import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { must } from '../../src/base/assert.ts';
import { seededPrng } from '../../src/base/prng.ts';
import { appointmentModel, withUnseenAlike } from '../support/appointment-model.ts';
import { eventually } from '../support/eventually.ts';
import { judgeHistory } from '../support/linearizability.ts';
import { slot_model, withoutUnseenCreations } from '../support/slot-model.ts';
import type { SlotOperation } from '../support/slot-model.ts';
import { call, register } from './api-client.ts';
import { book } from './chaos-bookings.ts';
import type { ChaosClient, ChaosLoad } from './chaos-client.ts';
import { countChaos, tooSeldom } from './chaos-counts.ts';
import type { Places } from './chaos-counts.ts';
import { createShared, readShared, useShared } from './chaos-shared.ts';
import { contestSlot, readSlot } from './chaos-slots.ts';
import type { Slot } from './chaos-slots.ts';
import { wreakHavoc } from './havoc.ts';
import { ProcessCluster } from './process-cluster.ts';

/**
 * `CHAOS_MS` makes it longer, `CHAOS_SEED` repeats the choices of a run. On a machine too slow to show
 * anything in that time it goes on, to the bound.
 */
const chaos_ms = Number(process.env['CHAOS_MS'] ?? 180_000);
const seed = Number(process.env['CHAOS_SEED'] ?? Date.now() % 1_000_000);

const chaos_ms_max = 3 * chaos_ms;

/** Seven processes on a machine that does much else can be slow to agree. */
const CALM_MS_MAX = 240_000;

const CLIENTS = 8;
const SHARED_APPOINTMENTS = 6;
const SLOTS = 4;
/** Each client uses so many of either, so that not everything happens at one place at a time. */
const PLACES_PER_CLIENT = 3;

interface Agenda {
  readonly items: readonly { id: string; title: string; status: string }[];
}

describe('eight hours of chaos, compressed', () => {
  let cluster: ProcessCluster;

  beforeAll(async () => {
    cluster = await ProcessCluster.create({ size: 7 });
    cluster.startAll();
    await cluster.awaitLeader(CALM_MS_MAX);
  }, 300_000);

  afterAll(() => cluster.dispose(), 60_000);

  test(
    'a mixed load is linearizable for each appointment, with nothing acknowledged missing or double',
    async () => {
      console.log(`replay the choices with CHAOS_SEED=${seed}`);
      const token = await register(cluster.origin(0), 'chaos');
      const places = await makePlaces(token);
      const { shared, slots } = places;
      const surprises: string[] = [];
      const isOver = overFrom(Date.now(), places, surprises);
      const load: ChaosLoad = { cluster, token, isOver, surprises, answers: 0 };
      const clients = Array.from({ length: CLIENTS }, (_, number) => newClient(load, number));
      const running = clients.map((client, number) => runClient(client, number, places));
      const havoc = await wreakHavoc(cluster, seed, { isOver, answers: () => load.answers });
      await Promise.all(running);
      const counts = countChaos(places);
      console.log(JSON.stringify({ chaos_ms, seed, ...havoc, ...counts }, null, 2));
      expect(surprises).toEqual([]);
      expect(havoc.deaths).toEqual([]);

      await cluster.awaitLeader(CALM_MS_MAX);
      await readAll(load, places);
      const states = await cluster.awaitEqualIndex(cluster.positions, CALM_MS_MAX);
      expect(new Set(states.map((state) => state.digest)).size).toBe(1);
      expect(surprises).toEqual([]);

      for (const { id, initial, history } of shared) {
        const verdict = judgeHistory(appointmentModel(initial), withUnseenAlike(history));
        expect([id, verdict]).toEqual([id, { is_linearizable: true, stuck: null }]);
      }
      for (const { hour, history } of slots) {
        const verdict = judgeHistory(slot_model, withoutUnseenCreations(history));
        expect([hour, verdict]).toEqual([hour, { is_linearizable: true, stuck: null }]);
      }
      for (const position of cluster.positions) {
        expectAllOnce(await agendaOf(position, token), places);
      }
      expect(tooSeldom(counts)).toEqual([]);
    },
    chaos_ms_max + 3 * CALM_MS_MAX,
  );

  async function makePlaces(token: string): Promise<Places> {
    const hours = Array.from({ length: SHARED_APPOINTMENTS }, (_, hour) => hour);
    const shared = await Promise.all(hours.map((hour) => createShared(cluster, token, hour)));
    const slots = Array.from({ length: SLOTS }, (_, number): Slot => {
      return { hour: SHARED_APPOINTMENTS + number, history: [], rivals: [] };
    });
    return { shared, slots, bookings: [] };
  }

  async function agendaOf(position: number, token: string): Promise<Agenda['items']> {
    const answer = await call(
      cluster.origin(position),
      'GET',
      '/api/agenda?start=2027-01-01T00:00:00Z&end=2031-12-01T00:00:00Z&include=cancelled&consistency=local',
      { token, timeout_ms: 60_000 },
    );
    expect(answer.status).toBe(200);
    return (answer.body as unknown as Agenda).items;
  }
});

/** The last word on everything, by some replica; that all say the same is compared on its own. */
async function readAll(load: ChaosLoad, { shared, slots }: Places): Promise<void> {
  const reader = newClient(load, CLIENTS);
  const isRead = (read: Promise<boolean>) => read.then((is_answered) => is_answered || null);
  for (const one of shared)
    await eventually('an appointment', () => isRead(readShared(reader, one)));
  for (const slot of slots) await eventually('its holder', () => isRead(readSlot(reader, slot)));
}

/** For all clients at once: after its time, once there is enough to judge, or at the first surprise. */
function overFrom(started_at: number, places: Places, surprises: readonly string[]): () => boolean {
  let is_over = false;
  return () => {
    const passed_ms = Date.now() - started_at;
    is_over ||=
      surprises.length > 0 ||
      passed_ms >= chaos_ms_max ||
      (passed_ms >= chaos_ms && tooSeldom(countChaos(places)).length === 0);
    return is_over;
  };
}

function newClient(load: ChaosLoad, number: number): ChaosClient {
  let names = 0;
  const newName = (): string => {
    names += 1;
    return `client ${number} number ${names}`;
  };
  return { load, prng: seededPrng(seed * 100 + number), newName };
}

async function runClient(client: ChaosClient, number: number, places: Places): Promise<void> {
  const { prng, load } = client;
  while (!load.isOver()) {
    const dice = prng.below(10);
    const place = number + prng.below(PLACES_PER_CLIENT);
    if (dice < 6) await useShared(client, at(places.shared, place));
    else if (dice < 9) await contestSlot(client, at(places.slots, place));
    else await book(client, places.bookings);
    await sleep(prng.below(50));
  }
}

function at<T>(places: readonly T[], place: number): T {
  return must(places[place % places.length], 'no such place');
}

/** Everything acknowledged is there, once, and nothing is that nobody asked for or that was answered with 503. */
function expectAllOnce(items: Agenda['items'], { shared, slots, bookings }: Places): void {
  const shared_ids = new Set(shared.map(({ id }) => id));
  const others = items.filter(({ id }) => !shared_ids.has(id));
  expect(items.length - others.length).toBe(shared.length);
  const titles = others.map(({ title }) => title);
  expect(titles.length).toBe(new Set(titles).size);

  const created = slots.flatMap(({ history }) => history.filter(isCreation));
  const possible = bookings.filter(({ may_be_there }) => may_be_there);
  const asked = [...possible.map(({ title }) => title), ...created.map(titleOf)];
  const asked_titles = new Set(asked);
  expect(titles.filter((title) => !asked_titles.has(title))).toEqual([]);

  const active = new Map(
    others.filter(({ status }) => status !== 'cancelled').map(({ id, title }) => [id, title]),
  );
  const missing = bookings.filter(({ id, title }) => id !== null && active.get(id) !== title);
  expect(missing).toEqual([]);
  const there = new Set(titles);
  const acknowledged = created.filter(({ output }) => output?.kind === 'done').map(titleOf);
  expect(acknowledged.filter((title) => !there.has(title))).toEqual([]);
}

function isCreation({ input }: SlotOperation): boolean {
  return input.kind === 'create';
}

function titleOf({ input }: SlotOperation): string {
  return input.kind === 'read' ? '' : input.title;
}
