import { createHash } from 'node:crypto';
import { assert, must, unreachable } from '../../src/base/assert.ts';
import type { Prng } from '../../src/base/prng.ts';
import type { CommandBody, RequestKey } from '../../src/agenda/command.ts';
import type { Key } from '../../src/agenda/model.ts';
import type { CommandOutcome } from '../../src/agenda/outcome.ts';
import {
  appointmentBody,
  HOUR_MS,
  MIDNIGHT,
  registerBody,
  fieldsOf,
  same_people,
} from '../support/agenda-fixture.ts';
import type { ReadResult } from '../../src/replica/replica.ts';
import type { AppointmentInput, AppointmentOutput } from './appointment-model.ts';
import type { Booking, History } from './history.ts';
import type { SimulatedReplica } from './replica.ts';

/** What clients need of the world. */
export interface ClientWorld {
  readonly replicas: readonly SimulatedReplica[];
  readonly history: History;
  readonly prng: Prng;
  readonly now_ms: () => number;
  /** Milliseconds of the epoch, as the replica's wall clock has it. */
  readonly wallClock: (replica: SimulatedReplica) => number;
  readonly after: (delay_ms: number, callback: () => void) => void;
  readonly isOver: () => boolean;
  readonly note: (what: string) => void;
  readonly countStep: () => void;
}

/** Clients are of different patience; the replica itself answers within the longest. */
const PATIENCE_MS = [400, 1_500, 6_000] as const;
const ATTEMPTS_MAX = 12;
const SHARED = 4;
/** Hours that bookings compete for. */
const HOURS = 40;

type Answered =
  | { readonly kind: 'applied'; readonly outcome: CommandOutcome }
  | { readonly kind: 'not_proposed' }
  | { readonly kind: 'unknown' };

/** Programs that use the agenda of one person, through any replica, whatever happens to it. */
export class Clients {
  readonly #world: ClientWorld;
  #requests = 0;
  #person: Key = 0;

  constructor(world: ClientWorld) {
    this.#world = world;
  }

  get person(): Key {
    return this.#person;
  }

  /** A person with some appointments; before anything goes wrong. */
  async prepare(): Promise<void> {
    this.#person = await this.#create(registerBody('Ana'), 'register');
    for (let count = 0; count < SHARED; count += 1) {
      const title = `shared ${count}`;
      const body = appointmentBody({ title, start: hour(count), end: hour(count + 1) });
      const key = await this.#create(body, title);
      this.#world.history.share(key, title, this.#world.now_ms());
    }
  }

  /** Until the world says that it is over; then ends what it has begun. */
  async run(client: number): Promise<void> {
    const { isOver, prng } = this.#world;
    while (!isOver()) {
      await this.#sleep(prng.below(60));
      await this.#doSomething(client);
    }
  }

  /** One write and one read through a replica: both must succeed now. */
  async mustWork(replica: SimulatedReplica): Promise<void> {
    const key = must(this.#world.history.shared[0], 'nothing is shared');
    const written = await this.#change(key, { kind: 'restore' }, true);
    assert(written === 'applied', 'a write is not acknowledged, though nothing is wrong any more');
    assert(await this.#read(key, replica), `${replica.member.node_id} answers no read`);
  }

  /** Everything as the replica has it now, into the history. */
  async readAll(replica: SimulatedReplica): Promise<void> {
    for (const key of this.#world.history.shared) {
      assert(await this.#read(key, replica), `${replica.member.node_id} answers no read`);
    }
  }

  async #doSomething(client: number): Promise<void> {
    const { prng, history } = this.#world;
    const key = must(history.shared[prng.below(history.shared.length)], 'a shared appointment');
    const replica = this.#anyReplica();
    const dice = prng.below(20);
    if (dice < 6) await this.#read(key, replica);
    else if (dice < 8) this.#readLocally(key, replica);
    else if (dice < 12) await this.#book(client);
    else if (dice < 17) await this.#update(key, replica);
    else await this.#change(key, { kind: dice < 18 ? 'cancel' : 'restore' }, prng.below(2) === 0);
  }

  async #update(key: Key, replica: SimulatedReplica): Promise<void> {
    const { prng } = this.#world;
    const seen = replica.life?.facade.view.appointmentByKey(key)?.version ?? 1;
    const if_match = prng.below(3) === 0 ? seen : null;
    const title = `title ${this.#requests + 1}`;
    await this.#change(key, { kind: 'update', title, if_match }, prng.below(2) === 0);
  }

  /** With a key it is repeated until it is answered, and is one operation all the same. */
  async #change(
    key: Key,
    input: Exclude<AppointmentInput, { kind: 'read' }>,
    insists: boolean,
  ): Promise<Answered['kind']> {
    const { history, now_ms } = this.#world;
    const called_at = now_ms();
    const name = `request ${this.#nextRequest()}`;
    const remember = insists ? requestKey(name) : null;
    const answered = await this.#insist(insists ? ATTEMPTS_MAX : 1, () =>
      this.#submit(this.#leaderOrAny(), commandOf(key, input), name, remember),
    );
    if (answered.kind === 'not_proposed') return answered.kind;
    if (answered.kind === 'unknown') {
      history.add(key, { input, output: null, called_at, answered_at: Infinity });
      return answered.kind;
    }
    const output = outputOf(answered.outcome);
    history.add(key, { input, output, called_at, answered_at: now_ms() });
    return answered.kind;
  }

  /** The first answer that is one; else whether any attempt may have been proposed. */
  async #insist(attempts: number, attempt: () => Promise<Answered>): Promise<Answered> {
    let outcome: Answered = { kind: 'not_proposed' };
    for (let count = 1; count <= attempts; count += 1) {
      const answered = await attempt();
      if (answered.kind === 'applied') return answered;
      if (answered.kind === 'unknown') outcome = answered;
      if (count < attempts) await this.#sleep(100 * count);
    }
    return outcome;
  }

  async #book(client: number): Promise<void> {
    const { history, prng } = this.#world;
    const name = `booking ${client} ${this.#nextRequest()}`;
    const booking: Booking = { title: name, hour: prng.below(HOURS), key: null, is_refused: false };
    history.bookings.push(booking);
    const body = appointmentBody({
      title: name,
      start: hour(100 + booking.hour),
      end: hour(101 + booking.hour),
    });
    const answered = await this.#insist(ATTEMPTS_MAX, () =>
      this.#submit(this.#leaderOrAny(), body, name, requestKey(name)),
    );
    if (answered.kind !== 'applied') return;
    // A refusal is judged anew each time: an earlier attempt cannot have succeeded.
    if (answered.outcome.kind === 'done') booking.key = answered.outcome.answer.key;
    else booking.is_refused = true;
  }

  async #read(key: Key, replica: SimulatedReplica): Promise<boolean> {
    const { history, now_ms, countStep, note } = this.#world;
    const { life } = replica;
    if (life === null) return false;
    countStep();
    const called_at = now_ms();
    const result = await this.#answer<ReadResult>(
      (settle) => life.process.run(() => void life.facade.readBarrier().then(settle)),
      'no_quorum',
    );
    note(`read ${key} at ${replica.member.node_id}: ${result}`);
    if (result !== 'ok' || replica.life !== life) return false;
    const { title, status, version } = must(life.facade.view.appointmentByKey(key), 'it is gone');
    const state = { title, cancelled: status === 'cancelled', version };
    const output: AppointmentOutput = { kind: 'read', state };
    history.add(key, { input: { kind: 'read' }, output, called_at, answered_at: now_ms() });
    return true;
  }

  /** Answers at once; what it says of its age must be true. */
  #readLocally(key: Key, { life }: SimulatedReplica): void {
    const { history, now_ms, countStep } = this.#world;
    if (life === null) return;
    countStep();
    life.process.run(() => {
      const stale_ms = life.facade.staleMs();
      const version = life.facade.view.appointmentByKey(key)?.version ?? null;
      if (stale_ms !== null) history.checkStale(key, version, now_ms() - stale_ms);
    });
  }

  async #create(body: CommandBody, name: string): Promise<Key> {
    for (;;) {
      const answered = await this.#submit(this.#leaderOrAny(), body, name, requestKey(name));
      if (answered.kind === 'applied') {
        assert(answered.outcome.kind === 'done', `${name} was refused`);
        return answered.outcome.answer.key;
      }
      await this.#sleep(50);
    }
  }

  async #submit(
    replica: SimulatedReplica,
    body: CommandBody,
    request_id: string,
    remember: RequestKey | null,
  ): Promise<Answered> {
    const { countStep, note, wallClock } = this.#world;
    const { life } = replica;
    if (life === null) return { kind: 'not_proposed' };
    countStep();
    const by = body.kind === 'user.register' ? null : this.#person;
    const propose = (settle: (answered: Answered) => void): void =>
      void life.facade
        .propose({
          version: 1,
          at: wallClock(replica),
          by,
          token_version: by === null ? null : 1,
          origin_node: replica.member.node_id,
          request_id,
          remember,
          body,
        })
        .then(settle);
    const answered = await this.#answer<Answered>(
      (settle) => life.process.run(() => propose(settle)),
      { kind: 'unknown' },
    );
    note(`${request_id} at ${replica.member.node_id}: ${answered.kind}`);
    return answered;
  }

  /** The answer, or `instead` when none comes in time: the replica died, or is stopped. */
  #answer<T>(ask: (settle: (value: T) => void) => void, instead: T): Promise<T> {
    return new Promise((resolve) => {
      const { after, prng, isOver } = this.#world;
      // In the end everything is mended, and an answer is due.
      const choice = isOver() ? PATIENCE_MS.length - 1 : prng.below(PATIENCE_MS.length);
      after(must(PATIENCE_MS[choice], 'a patience'), () => resolve(instead));
      ask(resolve);
    });
  }

  #nextRequest(): number {
    this.#requests += 1;
    return this.#requests;
  }

  #anyReplica(): SimulatedReplica {
    const { replicas, prng } = this.#world;
    return must(replicas[prng.below(replicas.length)], 'a replica');
  }

  /** Whoever says that it leads; several may. */
  #leaderOrAny(): SimulatedReplica {
    const { replicas, prng } = this.#world;
    const leaders = replicas.filter((one) => one.life?.group.state.role === 'leader');
    if (leaders.length === 0) return this.#anyReplica();
    return must(leaders[prng.below(leaders.length)], 'a leader');
  }

  #sleep(delay_ms: number): Promise<void> {
    return new Promise((resolve) => this.#world.after(delay_ms, () => resolve()));
  }
}

function hour(number: number): number {
  return MIDNIGHT + number * HOUR_MS;
}

function requestKey(name: string): RequestKey {
  const scope_hash = createHash('sha256').update(name).digest('hex');
  return { scope_hash, fingerprint: scope_hash, ttl_ms: 24 * HOUR_MS };
}

function commandOf(key: Key, input: Exclude<AppointmentInput, { kind: 'read' }>): CommandBody {
  switch (input.kind) {
    case 'update': {
      return {
        kind: 'appointment.update',
        appointment_key: key,
        if_match: input.if_match === null ? null : [input.if_match],
        computed_from: null,
        fields: fieldsOf(appointmentBody({ title: input.title })),
        ...same_people,
        wrong: [],
        allow_conflict: true,
      };
    }
    case 'cancel':
      return { kind: 'appointment.cancel', appointment_key: key, if_match: null };
    case 'restore':
      return {
        kind: 'appointment.restore',
        appointment_key: key,
        if_match: null,
        allow_conflict: true,
      };
    default:
      return unreachable(input);
  }
}

function outputOf(outcome: CommandOutcome): AppointmentOutput {
  if (outcome.kind === 'done') {
    assert('version' in outcome.answer, 'an answer without a version');
    return { kind: 'done', version: outcome.answer.version };
  }
  const { code, detail } = outcome.refusal;
  assert(code === 'precondition_failed' || code === 'forbidden', `refused: ${code}, ${detail}`);
  return { kind: 'refused', code };
}
