import { assert, must, unreachable } from '../../src/base/assert.ts';
import { seededPrng } from '../../src/base/prng.ts';
import type { Prng } from '../../src/base/prng.ts';
import { decodeConfiguration } from '../../src/consensus/raft/configuration-codec.ts';
import type {
  Configuration,
  Member,
  MemberKey,
  NodeId,
} from '../../src/consensus/raft/configuration.ts';
import { allMembers, memberKey } from '../../src/consensus/raft/configuration.ts';
import type { Effect, MembershipResult } from '../../src/consensus/raft/effect.ts';
import type { Entry, LogIndex, Term } from '../../src/consensus/raft/entry.ts';
import type { Input, Token } from '../../src/consensus/raft/input.ts';
import type { MembershipChange } from '../../src/consensus/raft/membership.ts';
import { isMember, NO_CHANGE } from '../../src/consensus/raft/membership.ts';
import type { Request, Response } from '../../src/consensus/raft/message.ts';
import type { TransferOutcome } from '../../src/consensus/raft/settle-transfer.ts';
import { step } from '../../src/consensus/raft/step.ts';
import { CoreNetwork } from './core-network.ts';
import { ClusterChecks } from './cluster-checks.ts';
import { applyToDisk, checkSpeaks, newReplica, startCore } from './cluster-replica.ts';
import type { Replica } from './cluster-replica.ts';
import type { Weather } from './weather.ts';
import { EventQueue } from './event-queue.ts';
import { ELECTION_TICKS } from './raft-fixture.ts';

const TICK_MS = 10;
export const ELECTION_MS = ELECTION_TICKS * TICK_MS;

const APPLY_MS_MAX = 3;
const STORE_ENTRIES_MAX = 2;

/**
 * N cores with a network, disks, state machines and clients under one virtual clock and one seed. All
 * checks run after every step: whatever they find is thrown.
 */
export class CoreCluster {
  readonly replicas: readonly Replica[];
  readonly checks = new ClusterChecks();
  readonly #events = new EventQueue();
  readonly #prng: Prng;
  readonly #configuration: Configuration;
  readonly #network: CoreNetwork;
  steps = 0;
  acknowledged: { readonly index: LogIndex; readonly term: Term }[] = [];
  reads_served = 0;
  fresh_told = 0;
  changes: MembershipResult[] = [];
  /** Of the transfers that were asked for. */
  outcomes: TransferOutcome[] = [];

  /** `newcomers` run and are no members yet. */
  constructor(configuration: Configuration, seed: number, newcomers: readonly Member[] = []) {
    this.#prng = seededPrng(seed);
    this.#network = new CoreNetwork({
      events: this.#events,
      prng: this.#prng,
      feed: (replica, input) => this.#feed(replica, input),
      token: (replica) => this.#token(replica),
    });
    this.#configuration = configuration;
    this.replicas = [...allMembers(configuration), ...newcomers].map((member) =>
      newReplica(member),
    );
    for (const replica of this.replicas) this.#start(replica);
    this.#bootstrap();
  }

  get weather(): Weather {
    return this.#network.weather;
  }

  set weather(weather: Weather) {
    this.#network.weather = weather;
  }

  get now_ms(): number {
    return this.#events.now_ms;
  }

  below(bound: number): number {
    return this.#prng.below(bound);
  }

  chance(percent: number): boolean {
    return this.#prng.below(100) < percent;
  }

  run(duration_ms: number): void {
    const end_ms = this.now_ms + duration_ms;
    this.#events.after(duration_ms, () => undefined);
    while (this.now_ms < end_ms) assert(this.#events.runNext(), 'nothing is left to happen');
  }

  /** Runs until the condition holds; false when it does not within this time. */
  runUntil(condition: () => boolean, within_ms: number): boolean {
    const end_ms = this.now_ms + within_ms;
    while (!condition()) {
      if (this.now_ms > end_ms) return false;
      this.run(TICK_MS);
    }
    return true;
  }

  /** The leader of the latest term there is. */
  get leader(): Replica | null {
    let latest: Replica | null = null;
    for (const replica of this.replicas) {
      if (replica.core?.role !== 'leader') continue;
      if (latest === null || replica.core.term > (latest.core?.term ?? 0)) latest = replica;
    }
    return latest;
  }

  propose(replica: Replica, count = 1): void {
    if (replica.core === null) return;
    const proposals = Array.from({ length: count }, () => {
      const token = this.#token(replica);
      const payload = Buffer.from(`${replica.key} ${replica.boot} ${token}`);
      return { token, kind: 'command' as const, request_id: '', payload };
    });
    this.#feed(replica, { kind: 'propose', proposals });
  }

  read(replica: Replica): void {
    if (replica.core === null) return;
    const token = this.#token(replica);
    replica.reads.set(token, { committed_before: this.checks.committed.length });
    this.#feed(replica, { kind: 'read', token });
  }

  change(replica: Replica, change: Partial<MembershipChange>): void {
    if (replica.core === null) return;
    const token = this.#token(replica);
    this.#feed(replica, { kind: 'change_membership', token, change: { ...NO_CHANGE, ...change } });
  }

  get has_newcomers(): boolean {
    return this.replicas.length > allMembers(this.#configuration).length;
  }

  /** The last configuration that is committed. */
  get configuration(): Configuration {
    const last = this.checks.committed.findLast(({ entry }) => entry.kind === 'configuration');
    return last === undefined ? this.#configuration : decodeConfiguration(last.entry.payload);
  }

  /** Those that are members by what is committed. */
  get members(): readonly Replica[] {
    const { configuration } = this;
    return this.replicas.filter((replica) => isMember(configuration, replica.member));
  }

  transfer(replica: Replica, target: NodeId | null = null): void {
    if (replica.core === null) return;
    this.#feed(replica, { kind: 'transfer', token: this.#token(replica), target });
  }

  /** Power cut: what is not on disk is gone, but a prefix of it may have made it unheard. */
  crash(replica: Replica): void {
    if (replica.core === null) return;
    const survivors = this.below(replica.writes.length + 1);
    for (const write of replica.writes.slice(0, survivors)) applyToDisk(replica, write);
    replica.core = null;
    replica.boot += 1;
    replica.writes = [];
    replica.is_flushing = false;
    replica.is_applying = false;
    replica.after_persist = [];
    replica.replies.clear();
    replica.pending.clear();
    replica.reads.clear();
    // The state on disk is an older consistent one: what follows is applied again.
    replica.applied.length = this.below(replica.applied.length + 1);
  }

  restart(replica: Replica): void {
    if (replica.core !== null) return;
    this.#start(replica);
    this.#bootstrap();
  }

  stallDisk(replica: Replica, is_stalled: boolean): void {
    replica.is_stalled = is_stalled;
    if (!is_stalled) this.#flush(replica);
  }

  /** Its ticks do not come: it takes no notice of silence, nor breaks its own. */
  stopClock(replica: Replica, is_stopped: boolean): void {
    replica.is_clock_stopped = is_stopped;
  }

  cut(from: Replica, to: Replica): void {
    this.#network.cut(from, to);
  }

  /** Two sides that do not hear each other. */
  partition(isOnOneSide: (replica: Replica) => boolean): void {
    for (const from of this.replicas) {
      for (const to of this.replicas) if (isOnOneSide(from) !== isOnOneSide(to)) this.cut(from, to);
    }
  }

  heal(): void {
    this.#network.heal();
  }

  #start(replica: Replica): void {
    startCore(replica, this.#prng);
    this.#tickLater(replica, replica.boot, this.below(TICK_MS) + 1);
  }

  /** The first voter writes entry 1 while nobody has one. */
  #bootstrap(): void {
    const [first] = this.replicas;
    if (first?.core === null || first === undefined || first.entries.length > 0) return;
    this.#feed(first, { kind: 'bootstrap', configuration: this.#configuration });
  }

  #tickLater(replica: Replica, boot: number, delay_ms: number): void {
    this.#events.after(delay_ms, () => {
      if (replica.boot !== boot) return;
      this.#tickLater(replica, boot, TICK_MS);
      if (!replica.is_clock_stopped) this.#feed(replica, { kind: 'tick' });
    });
  }

  #token(replica: Replica): Token {
    replica.next_token += 1;
    return replica.next_token;
  }

  #feed(replica: Replica, input: Input): void {
    const core = must(replica.core, 'it is down');
    this.steps += 1;
    const effects = step(core, input, this.now_ms);
    for (const effect of effects) {
      if (effect.kind !== 'persist') continue;
      if (effect.truncate_from !== null) replica.entries.length = effect.truncate_from - 1;
      replica.entries.push(...effect.entries);
      this.checks.written(effect.entries, replica.entries);
    }
    this.checks.afterStep(replica, core, this.now_ms, (key, entry) => this.#isDurable(key, entry));
    for (const effect of effects) this.#perform(replica, effect);
  }

  #replica(key: MemberKey): Replica {
    return must(
      this.replicas.find((one) => one.key === key),
      'no such member',
    );
  }

  #isDurable(key: MemberKey, entry: Entry): boolean {
    return this.#replica(key).disk.entries[entry.index - 1]?.checksum === entry.checksum;
  }

  #perform(replica: Replica, effect: Effect): void {
    switch (effect.kind) {
      case 'persist':
        replica.writes.push(effect);
        replica.last_write_id = effect.write_id;
        return this.#flush(replica);
      case 'send':
        return this.#send(replica, effect.to, effect.message);
      case 'send_after_persist':
        return this.#afterPersist(replica, () => this.#send(replica, effect.to, effect.message));
      case 'send_from_store': {
        const from = effect.message.previous.index;
        const through = Math.min(effect.through_index, from + 1 + this.below(STORE_ENTRIES_MAX));
        const entries = replica.entries.slice(from, through);
        return this.#send(replica, effect.to, { ...effect.message, entries });
      }
      case 'reply':
        return this.#reply(replica, effect.token, effect.message);
      case 'reply_after_persist':
        return this.#afterPersist(replica, () =>
          this.#reply(replica, effect.token, effect.message),
        );
      case 'apply_through':
        assert(
          this.#isDurable(replica.key, must(replica.entries[effect.index - 1], 'an entry')),
          `${replica.key} may apply ${effect.index}, which is not on its disk`,
        );
        replica.apply_through = effect.index;
        return this.#applyLater(replica);
      case 'proposal_accepted':
        replica.pending.set(effect.index, effect);
        return undefined;
      case 'read_ready':
        return this.#readReady(replica, effect.token, effect.index);
      case 'fresh':
        this.fresh_told += 1;
        assert(
          this.checks.committedBefore(effect.echo_ms) <= effect.commit_index,
          `${replica.key} is told that ${effect.commit_index} is as fresh as ${effect.echo_ms}`,
        );
        return undefined;
      case 'send_snapshot':
      case 'receive_snapshot':
        return unreachable(effect as never);
      case 'membership_settled':
        this.changes.push(effect.result);
        return undefined;
      case 'transfer_settled':
        if (effect.token !== null) this.outcomes.push(effect.outcome);
        return undefined;
      case 'proposal_refused':
      case 'role_changed':
      case 'configuration_changed':
        return undefined;
      default:
        return unreachable(effect);
    }
  }

  #readReady(replica: Replica, token: Token, index: LogIndex | null): void {
    const read = must(replica.reads.get(token), 'a read is answered once');
    replica.reads.delete(token);
    if (index === null) return;
    this.reads_served += 1;
    assert(
      index >= read.committed_before,
      `a read at ${index} does not see ${read.committed_before}, committed before it began`,
    );
  }

  #afterPersist(replica: Replica, run: () => void): void {
    if (replica.writes.length === 0) return run();
    replica.after_persist.push({ write_id: replica.last_write_id, run });
    return undefined;
  }

  /** Group commit: some of what waits is one flush. */
  #flush(replica: Replica): void {
    if (replica.is_flushing || replica.is_stalled || replica.writes.length === 0) return;
    replica.is_flushing = true;
    const { boot } = replica;
    const count = 1 + this.below(replica.writes.length);
    this.#events.after(1 + this.below(this.weather.disk_ms_max), () => {
      if (replica.boot !== boot) return;
      replica.is_flushing = false;
      if (replica.is_stalled) return;
      this.#complete(replica, count);
    });
  }

  #complete(replica: Replica, count: number): void {
    const done = replica.writes.splice(0, count);
    for (const write of done) applyToDisk(replica, write);
    const { write_id } = must(done.at(-1), 'an empty flush');
    const ready = replica.after_persist.filter((one) => one.write_id <= write_id);
    replica.after_persist = replica.after_persist.filter((one) => one.write_id > write_id);
    for (const { run } of ready) run();
    this.#feed(replica, { kind: 'persisted', write_id });
    this.#flush(replica);
  }

  #applyLater(replica: Replica): void {
    if (replica.is_applying || replica.applied.length >= replica.apply_through) return;
    replica.is_applying = true;
    const { boot } = replica;
    this.#events.after(this.below(APPLY_MS_MAX) + 1, () => {
      if (replica.boot !== boot) return;
      replica.is_applying = false;
      const count = 1 + this.below(replica.apply_through - replica.applied.length);
      for (let applied = 0; applied < count; applied += 1) this.#apply(replica);
      this.#feed(replica, { kind: 'applied', index: replica.applied.length });
      this.#applyLater(replica);
    });
  }

  #apply(replica: Replica): void {
    const entry = must(replica.disk.entries[replica.applied.length], 'applied what is not on disk');
    this.checks.applied(entry);
    replica.applied.push(entry);
    const pending = replica.pending.get(entry.index);
    replica.pending.delete(entry.index);
    if (pending?.term === entry.term) this.acknowledged.push(entry);
  }

  #send(from: Replica, to: Member, message: Request): void {
    checkSpeaks(from, message);
    this.#network.send(from, this.#replica(memberKey(to)), message);
  }

  #reply(replica: Replica, token: Token, message: Response): void {
    const reply = must(replica.replies.get(token), 'a request is answered once');
    replica.replies.delete(token);
    reply(message);
  }
}
