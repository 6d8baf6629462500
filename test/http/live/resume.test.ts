import { expect, test } from '@jest/globals';
import type { AgendaEvent } from '../../../src/agenda/event.ts';
import { formatId } from '../../../src/agenda/id.ts';
import { limits } from '../../../src/limits.ts';
import { seededPrng } from '../../../src/base/prng.ts';
import type { Prng } from '../../../src/base/prng.ts';
import { chance, pick } from '../../support/fuzz/chance.ts';
import { eventFor, HubFixture } from './hub-fixture.ts';
import type { FakeClient } from './hub-fixture.ts';

const REPLICAS = 3;
const PEOPLE = [1, 2, 3];
const KEYS = [4096, 8192];

/** A person who keeps what they were told, and goes on at any replica. */
interface Person {
  readonly key: number;
  readonly channels: readonly string[];
  /** How many entries there were anywhere when they subscribed first. */
  readonly since: number;
  cursor: string;
  client: FakeClient | null;
  /** Read from the client up to here. */
  read: number;
  readonly told: string[];
}

function randomEvent(prng: Prng, version: number): AgendaEvent {
  const audience = chance(prng, 20) ? null : PEOPLE.filter(() => chance(prng, 50));
  return eventFor(audience, version, {
    group_key: chance(prng, 50) ? pick(prng, KEYS) : null,
    appointment_key: chance(prng, 50) ? pick(prng, KEYS) : null,
  });
}

/** The channels on which a person must be told of an event, in order. */
function channelsFor(person: Person, event: AgendaEvent): readonly string[] {
  if (event.audience !== null && !event.audience.includes(person.key)) return [];
  const { group_key, appointment_key } = event;
  const all = [
    'me',
    ...(group_key === null ? [] : [`group:${formatId('grp', group_key)}`]),
    ...(appointment_key === null ? [] : [`appointment:${formatId('apt', appointment_key)}`]),
  ];
  return all.filter((channel) => person.channels.includes(channel));
}

class Story {
  readonly #prng: Prng;
  readonly #log: AgendaEvent[][] = [];
  readonly #hubs = Array.from({ length: REPLICAS }, () => new HubFixture(0, 100_000));
  readonly #applied = this.#hubs.map(() => 0);
  readonly #people: Person[] = [];
  #version = 0;

  constructor(seed: number) {
    this.#prng = seededPrng(seed);
    // Slices of one or two steps.
    for (const hub of this.#hubs) hub.cost_ms = limits.live_slice_ms / 2;
  }

  act(): void {
    switch (this.#prng.below(9)) {
      case 0:
        return this.#write();
      case 1:
      case 2:
        return this.#apply(this.#prng.below(REPLICAS));
      case 3:
        return this.#come();
      case 4:
        return this.#move(this.#people[this.#prng.below(8)]);
      case 5:
        if (chance(this.#prng, 20)) this.#hub(this.#prng.below(REPLICAS)).lookAfterAll();
        return;
      default:
        return void this.#hub(this.#prng.below(REPLICAS)).slice();
    }
  }

  end(): void {
    for (const person of this.#people) if (person.client === null) this.#move(person);
    for (let at = 0; at < REPLICAS; at += 1) {
      while ((this.#applied[at] ?? 0) < this.#log.length) this.#apply(at);
      this.#hub(at).settle();
      expect(this.#hub(at).errors).toEqual([]);
    }
    for (const person of this.#people) {
      this.#read(person);
      const due = this.#log
        .slice(person.since)
        .flat()
        .flatMap((event) => channelsFor(person, event).map((name) => `${name} ${event.version}`));
      expect(person.told).toEqual(due);
    }
  }

  get people(): number {
    return this.#people.length;
  }

  #hub(at: number): HubFixture {
    const hub = this.#hubs[at];
    if (hub === undefined) throw new Error(`no replica ${at}`);
    return hub;
  }

  #write(): void {
    const count = this.#prng.below(4);
    const entry = Array.from({ length: count }, () => {
      this.#version += 1;
      return randomEvent(this.#prng, this.#version);
    });
    this.#log.push(entry);
  }

  /** One more entry, at one replica. */
  #apply(at: number): void {
    const entry = this.#log[this.#applied[at] ?? 0];
    if (entry === undefined) return;
    this.#applied[at] = (this.#applied[at] ?? 0) + 1;
    this.#hub(at).publish(...entry);
  }

  #come(): void {
    if (this.#people.length >= 8) return;
    const at = this.#prng.below(REPLICAS);
    const channels = [
      'me',
      ...KEYS.map((key) => `group:${formatId('grp', key)}`),
      ...KEYS.map((key) => `appointment:${formatId('apt', key)}`),
    ].filter((name) => name === 'me' || chance(this.#prng, 50));
    const key = pick(this.#prng, PEOPLE);
    const client = this.#hub(at).subscribe(key, channels);
    const since = this.#applied[at] ?? 0;
    this.#people.push({ key, channels, since, cursor: '', client, read: 0, told: [] });
  }

  /** Their connection is lost; what was sent they have. They go on with the cursor of the last message. */
  #move(person: Person | undefined): void {
    if (person === undefined) return;
    if (person.client !== null) {
      this.#read(person);
      const left = person.client.connection;
      for (const hub of this.#hubs)
        if (hub.hub.connections.all.has(left)) hub.hub.left(left, 'client');
      person.client = null;
      if (chance(this.#prng, 30)) return;
    }
    const at = this.#prng.below(REPLICAS);
    person.client = this.#hub(at).subscribe(person.key, person.channels, person.cursor);
    person.read = 0;
  }

  #read(person: Person): void {
    const { messages } = person.client?.socket ?? { messages: [] };
    for (const message of messages.slice(person.read)) {
      if (message.type === 'resync' || message.type === 'error') {
        throw new Error(`nothing is missing: ${JSON.stringify(message)}`);
      }
      if ('cursor' in message) person.cursor = message.cursor;
      if (message.type === 'event') person.told.push(`${message.channel} ${message.event.version}`);
    }
    person.read = messages.length;
  }
}

test('cursors work on every replica: who goes from one to another misses nothing and gets nothing twice', () => {
  for (let seed = 1; seed <= 40; seed += 1) {
    const story = new Story(seed);
    for (let step = 0; step < 600; step += 1) story.act();
    expect(story.people).toBeGreaterThan(0);
    story.end();
  }
});
