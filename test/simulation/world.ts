import { assert, must } from '../../src/base/assert.ts';
import { seededPrng } from '../../src/base/prng.ts';
import type { Prng } from '../../src/base/prng.ts';
import type { Configuration, Member } from '../../src/consensus/raft/configuration.ts';
import { MIDNIGHT } from '../support/agenda-fixture.ts';
import { EventQueue } from '../support/event-queue.ts';
import { Availability, LOOK_EVERY_MS } from './availability.ts';
import { Clients } from './clients.ts';
import { createEntrySource } from './entry-source.ts';
import { History } from './history.ts';
import { Invariants } from './invariants.ts';
import { Network } from './network.ts';
import { Operator } from './operator.ts';
import { SimulatedReplica } from './replica.ts';
import type { Sabotage } from './sabotage.ts';
import type { Trace } from './trace.ts';

export interface WorldOptions {
  readonly seed: number;
  readonly size: number;
  readonly sabotage: Sabotage;
  readonly trace: Trace;
}

/** How much of their logs the replicas of a seed keep: little, so that snapshots are needed often. */
const KEPT_ENTRIES = [4, 20, 80] as const;

/** A violation that one replica's own assertions found. */
class BrokenReplica extends Error {
  override name = 'BrokenReplica';
}

/**
 * Replicas, network, clients and time, all of one seed. Nothing in it happens but through the queue of
 * events, and after each of them everything is looked at.
 */
export class World {
  readonly replicas: readonly SimulatedReplica[];
  readonly network: Network;
  readonly history = new History();
  readonly clients: Clients;
  readonly operator: Operator;
  readonly checks: Invariants;
  readonly availability: Availability;
  is_load_over = false;
  readonly #queue = new EventQueue();
  readonly #trace: Trace;
  readonly #configuration: Configuration;
  readonly #kept_entries: number;
  #steps = 0;
  #broken: Error | null = null;

  constructor({ seed, size, sabotage, trace }: WorldOptions) {
    this.#trace = trace;
    this.#kept_entries = must(KEPT_ENTRIES[seed % KEPT_ENTRIES.length], 'a number of entries');
    const voters = Array.from({ length: size }, (_, position): Member => {
      return { node_id: `n${position + 1}`, storage_id: `s${position + 1}` };
    });
    this.#configuration = {
      cluster_id: 'cluster',
      voters,
      outgoing_voters: [],
      learners: [],
      voters_wanted: size,
      removed: [],
      feature_level: 1,
    };
    this.network = this.#createNetwork(seededPrng(seed ^ 0xaaaa));
    this.replicas = voters.map((member, position) =>
      this.#createReplica(member, seededPrng(seed * 31 + position), sabotage),
    );
    this.checks = new Invariants(this.replicas);
    this.availability = new Availability({
      replicas: this.replicas,
      network: this.network,
      now_ms: () => this.now_ms,
      committed_count: () => this.checks.committed_count,
    });
    this.operator = new Operator({
      replicas: this.replicas,
      voters_wanted: size,
      after: (delay_ms, callback) => this.after(delay_ms, callback),
      note: (what) => this.note(what),
    });
    this.clients = this.#createClients(seededPrng(seed ^ 0xc11e));
  }

  get now_ms(): number {
    return this.#queue.now_ms;
  }

  /** What happened so far but ticks of clocks: messages that arrived, disk work, requests of clients. */
  get steps(): number {
    return this.#steps;
  }

  get leader(): SimulatedReplica | null {
    const leaders = this.replicas.filter((one) => one.life?.group.state.role === 'leader');
    const termOf = (one: SimulatedReplica): number => one.life?.group.state.term ?? 0;
    return leaders.toSorted((one, other) => termOf(other) - termOf(one))[0] ?? null;
  }

  note(what: string): void {
    this.#trace.add(this.now_ms, what);
  }

  after(delay_ms: number, callback: () => void): void {
    this.#queue.after(delay_ms, callback);
  }

  /** All replicas run and the first configuration is written. */
  async form(): Promise<void> {
    for (const replica of this.replicas) replica.start();
    await this.runUntil('all replicas run', () => this.replicas.every((one) => one.life !== null));
    must(this.replicas[0]?.life, 'a first replica').group.bootstrap(this.#configuration);
    this.operator.start();
    await this.runUntil('a leader', () => this.leader !== null && this.checks.committed_count > 1);
  }

  /** Lets things happen until the condition holds; a violation when it does not within the time. */
  async runUntil(what: string, holds: () => boolean, bound_ms = 60_000): Promise<void> {
    const gives_up_ms = this.now_ms + bound_ms;
    while (!holds()) {
      assert(this.now_ms < gives_up_ms, `never came: ${what}`);
      await this.#next();
    }
  }

  /** The same for a promise; what it throws is thrown. */
  async runUntilSettled(what: string, promise: Promise<void>, bound_ms?: number): Promise<void> {
    let is_settled = false;
    const watched = promise.finally(() => {
      is_settled = true;
    });
    // Looked at below, when it has settled.
    watched.catch(() => undefined);
    await this.runUntil(what, () => is_settled, bound_ms);
    await watched;
  }

  async #next(): Promise<void> {
    assert(this.#queue.runNext(), 'nothing ever happens again');
    await promisesSettled();
    if (this.#broken !== null) throw this.#broken;
    this.checks.afterStep();
    this.availability.afterStep();
  }

  /** From now on, until the load is over. */
  watchAvailability(): void {
    this.after(LOOK_EVERY_MS, () => {
      if (this.is_load_over) return;
      this.#guard(() => this.availability.look());
      this.watchAvailability();
    });
  }

  /** Everything works again, and is started. */
  heal(): void {
    this.note('everything is mended');
    this.network.mend();
    for (const replica of this.replicas) {
      replica.goOn();
      replica.log.resume();
      replica.disk_ms_max = 3;
      replica.life?.group.setDiskLow(false);
      // Its disk broke, and it has not heard of it: it wrote nothing since.
      if (replica.log.has_failed) replica.kill();
      replica.start();
    }
  }

  close(): void {
    for (const replica of this.replicas) replica.close();
  }

  #createNetwork(prng: Prng): Network {
    return new Network({
      queue: this.#queue,
      prng,
      endpointOf: (node_id) =>
        this.replicas.find((one) => one.member.node_id === node_id)?.life ?? null,
      onAnswer: (from, asker, request, response) => {
        this.#guard(() => this.checks.answered(from, asker, request, response));
      },
      note: (what) => this.note(what),
    });
  }

  #createReplica(member: Member, prng: Prng, sabotage: Sabotage): SimulatedReplica {
    return new SimulatedReplica(member, {
      queue: this.#queue,
      prng,
      sabotage,
      kept_entries: this.#kept_entries,
      transportOf: (endpoint) => this.network.transportOf(endpoint),
      entrySourceOf: (replica, process) =>
        createEntrySource({
          node_id: replica.member.node_id,
          process,
          replicas: () => this.replicas,
          isCut: (from, to) => this.network.isCut(from, to),
        }),
      onWrite: (replica, writes) => this.#guard(() => this.checks.written(replica, writes)),
      onBroken: (replica, part, error) => this.#replicaBroke(replica, part, error),
      note: (what) => this.note(what),
      countStep: () => this.#countStep(),
    });
  }

  #createClients(prng: Prng): Clients {
    return new Clients({
      replicas: this.replicas,
      history: this.history,
      prng,
      now_ms: () => this.now_ms,
      wallClock: (replica) => MIDNIGHT + this.now_ms + replica.wall_clock_offset_ms,
      after: (delay_ms, callback) => this.after(delay_ms, callback),
      isOver: () => this.is_load_over,
      note: (what) => this.note(what),
      countStep: () => this.#countStep(),
    });
  }

  #countStep(): void {
    this.#steps += 1;
  }

  /** A disk that was broken on purpose ends the process; everything else is a violation. */
  #replicaBroke(replica: SimulatedReplica, part: string, error: unknown): void {
    if (error instanceof Error && error.message === 'simulated disk failure') {
      replica.exit();
      return;
    }
    const cause = error instanceof Error ? error : new Error(String(error));
    this.#broken ??= new BrokenReplica(
      `${replica.member.node_id} found its ${part} broken: ${cause.message}`,
      { cause },
    );
  }

  /** Called from within replicas, which must not catch what the checks throw. */
  #guard(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.#broken ??= error instanceof Error ? error : new Error(String(error));
    }
  }
}

/** Every promise that can settle without another event has. */
function promisesSettled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
