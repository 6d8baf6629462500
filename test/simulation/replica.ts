import { assert, must } from '../../src/base/assert.ts';
import { seededPrng } from '../../src/base/prng.ts';
import type { Prng } from '../../src/base/prng.ts';
import { standingOf } from '../../src/consensus/entry-offer.ts';
import type { EntrySource, Standing } from '../../src/consensus/entry-offer.ts';
import { Group } from '../../src/consensus/group.ts';
import type { GroupOptions } from '../../src/consensus/group-options.ts';
import { repairLog } from '../../src/consensus/log-repair.ts';
import type { LogStore, Observer, Transport } from '../../src/consensus/ports.ts';
import type { Member, MemberKey } from '../../src/consensus/raft/configuration.ts';
import { memberKey } from '../../src/consensus/raft/configuration.ts';
import type { Entry, LogIndex } from '../../src/consensus/raft/entry.ts';
import type { LogBase } from '../../src/consensus/raft/log-base.ts';
import type { Persist } from '../../src/consensus/raft/effect.ts';
import type { Request, Response } from '../../src/consensus/raft/message.ts';
import type { AgendaStore } from '../../src/replica/agenda-store.ts';
import { ChangeFeed } from '../../src/replica/change-feed.ts';
import { GroupReplica } from '../../src/replica/group-replica.ts';
import { AgendaStateMachine } from '../../src/replica/state-machine.ts';
import type { EventQueue } from '../support/event-queue.ts';
import { SimulatedLogStore } from '../support/simulated-log-store.ts';
import { SimulatedSnapshotStore } from '../support/simulated-snapshot-store.ts';
import type { DumpedState } from '../support/simulated-snapshot-store.ts';
import type { Endpoint } from './network.ts';
import { SimulatedProcess } from './process.ts';
import type { Sabotage } from './sabotage.ts';
import { StateDisk } from './state-disk.ts';
import { SwitchingStore } from './switching-store.ts';
import { repairNotes } from './repair-notes.ts';

export const ELECTION_TIMEOUT_MS = 1_200;
const HEARTBEAT_MS = 150;
const TICK_MS = 30;
/** Short, or no run would be long enough for a preferred leader. */
const PRIORITY_PAUSE_MS = 2_500;
const CHECKPOINT_EVERY_MS = 400;

const nobody: Observer = {
  roleChanged: () => undefined,
  persisted: () => undefined,
  applied: () => undefined,
  committed: () => undefined,
  transferEnded: () => undefined,
  snapshot: () => undefined,
};

/** What a replica needs of the world around it. */
export interface ReplicaOptions {
  readonly queue: EventQueue;
  readonly prng: Prng;
  readonly sabotage: Sabotage;
  /** Entries of its log that it keeps behind a checkpoint. */
  readonly kept_entries: number;
  readonly transportOf: (endpoint: Endpoint) => Transport;
  readonly entrySourceOf: (replica: SimulatedReplica, process: SimulatedProcess) => EntrySource;
  /** It hands entries to its disk: before they are on it. */
  readonly onWrite: (replica: SimulatedReplica, writes: readonly Persist[]) => void;
  /** Its process found something broken. */
  readonly onBroken: (replica: SimulatedReplica, part: string, error: unknown) => void;
  readonly note: (what: string) => void;
  readonly countStep: () => void;
}

/** One life of a replica's process. */
export interface Life extends Endpoint {
  readonly process: SimulatedProcess;
  readonly group: Group;
  readonly machine: AgendaStateMachine;
  readonly facade: GroupReplica;
}

/**
 * A whole replica: the real driver, state machine and schema over simulated disks. Its process can be
 * killed and started, its machine can lose power, its disks can stall, break or be lost.
 */
export class SimulatedReplica {
  /** Writes to its log take up to so long. */
  disk_ms_max = 3;
  /** Its wall clock is off by so much. */
  wall_clock_offset_ms = 0;
  readonly #options: ReplicaOptions;
  #member: Member;
  readonly #priority: number;
  readonly #logs_lost = new Map<MemberKey, SimulatedLogStore>();
  #disks = 1;
  #log: SimulatedLogStore;
  #state: StateDisk;
  /** Null: its process is down, or still starting. */
  #life: Life | null = null;
  /** While its log is being repaired. */
  #repair_standing: Standing | null = null;
  #process: SimulatedProcess | null = null;
  #snapshots: SimulatedSnapshotStore | null = null;

  constructor(member: Member, options: ReplicaOptions) {
    this.#member = member;
    this.#options = options;
    this.#priority = options.prng.below(3);
    this.#log = this.#emptyLog();
    this.#state = new StateDisk(member.storage_id);
  }

  /** With the disk it has now. */
  get member(): Member {
    return this.#member;
  }

  get life(): Life | null {
    return this.#life;
  }

  get is_up(): boolean {
    return this.#process !== null;
  }

  get is_stopped(): boolean {
    return this.#process?.is_stopped ?? false;
  }

  get log(): SimulatedLogStore {
    return this.#log;
  }

  /** The log of the disk it has, or had: null when that was never its own. */
  logOf(key: MemberKey): SimulatedLogStore | null {
    return key === memberKey(this.#member) ? this.#log : (this.#logs_lost.get(key) ?? null);
  }

  get durable_state_index(): LogIndex {
    return this.#state.durable_index;
  }

  get kept_entries(): number {
    return this.#options.kept_entries;
  }

  /** Its state goes at least as far as its log was cut: with the log it is everything. */
  get is_whole(): boolean {
    return this.#state.durable_index >= (this.#log.tail.base?.index ?? 0);
  }

  /** What it says to who asks for entries; null: it does not answer. */
  get standing(): Standing | null {
    return this.#life === null ? this.#repair_standing : standingOf(this.#life.group.state);
  }

  /** Its entry at `index`, on its disk or on the way there; null: it has none. */
  entryAt(index: LogIndex): Entry | null {
    const log = this.#life?.group.state.log;
    if (log !== undefined && index > log.last_index) return null;
    const first = log?.tail[0];
    if (log !== undefined && first !== undefined && index >= first.index) {
      return log.tail[index - first.index] ?? null;
    }
    return this.#log.entryAt(index);
  }

  start(): void {
    if (this.#process !== null) return;
    const { member } = this;
    this.#note('starts');
    const process = new SimulatedProcess(this.#options.queue, this.#options.prng.below(2 ** 30));
    this.#process = process;
    const switching = new SwitchingStore(this.#state.database);
    const store = this.#options.sabotage.agendaStore(switching);
    const machine = this.#openMachine(store);
    const log = this.#log;
    const endpoint: Endpoint = {
      member,
      process,
      receive: (from, message) => this.#receive(process, from, message),
    };
    const opening = this.#open(process, machine.applied_index, {
      group_id: 'main',
      self: member,
      priority: this.#priority,
      priority_pause_ms: PRIORITY_PAUSE_MS,
      election_timeout_ms: ELECTION_TIMEOUT_MS,
      heartbeat_ms: HEARTBEAT_MS,
      tick_ms: TICK_MS,
      store: this.#options.sabotage.logStore(this.#observedLog(log)),
      transport: this.#options.transportOf(endpoint),
      state_machine: machine,
      clock: process,
      prng: seededPrng(this.#options.prng.below(2 ** 32)),
      observer: nobody,
      step: this.#options.sabotage.step,
      snapshots: {
        store: this.#openSnapshots(process, machine, switching),
        durableIndex: () => this.#state.durable_index,
        kept_entries: this.#options.kept_entries,
      },
      repair: {
        source: this.#options.entrySourceOf(this, process),
        observer: repairNotes((text) => this.#note(text)),
      },
      onFailed: (part, error) => this.#options.onBroken(this, part, error),
    });
    opening.then(
      (group) => process.run(() => this.#live(endpoint, group, machine, store)),
      (error: unknown) => process.run(() => this.#options.onBroken(this, 'start', error)),
    );
  }

  /** What is damaged is fetched from the others first, as `node/repair.ts` does. */
  async #open(
    clock: SimulatedProcess,
    applied_index: LogIndex,
    options: GroupOptions,
  ): Promise<Group> {
    const { store } = options;
    const repair = must(options.repair, 'nothing to repair with');
    const durableBase = (): Promise<LogBase | null> => {
      this.#state.checkpoint();
      return Promise.resolve(options.state_machine.base);
    };
    const onStanding = (standing: Standing): void => {
      this.#repair_standing = standing;
    };
    const own = { store, clock, applied_index, durableBase, onStanding };
    const whole = await repairLog({ ...own, ...repair });
    this.#repair_standing = null;
    return Group.open(options, whole);
  }

  /** Files that were being received are still there after a restart. */
  #openSnapshots(
    process: SimulatedProcess,
    machine: AgendaStateMachine,
    switching: SwitchingStore,
  ): SimulatedSnapshotStore {
    const state: DumpedState = {
      get base() {
        return machine.base;
      },
      dump: () => this.#state.database.serialize().toString('base64'),
      replace: (dump) => {
        this.#state.install(Buffer.from(dump, 'base64'));
        switching.switchTo(this.#state.database);
        this.#note(`has a snapshot through ${this.#state.applied_index}`);
      },
    };
    this.#snapshots =
      this.#snapshots?.reopen(process, state) ??
      new SimulatedSnapshotStore(this.#member.storage_id, process, state);
    return this.#snapshots;
  }

  #live(endpoint: Endpoint, group: Group, machine: AgendaStateMachine, store: AgendaStore): void {
    const { process } = endpoint;
    const facade = new GroupReplica({
      group_id: 'main',
      self: this.member,
      tick_ms: TICK_MS,
      group,
      get view() {
        return store.view;
      },
      remembered: (scope_hash) => machine.remembered(scope_hash),
      clock: process,
      reported_peers: () => [],
      digest: () => machine.digest,
    });
    this.#life = { ...endpoint, process, group, machine, facade };
    process.every(CHECKPOINT_EVERY_MS, () => this.#state.checkpoint());
    group.start();
    this.#note(`runs, applied ${machine.applied_index}`);
  }

  #openMachine(store: AgendaStore): AgendaStateMachine {
    const start_index = store.readMeta().applied_index;
    return new AgendaStateMachine({
      store,
      change_feed: new ChangeFeed({
        start_index,
        onListenerError: (error) => this.#options.onBroken(this, 'feed', error),
      }),
      observer: {
        onDecideFailed: (_index, _kind, error) => this.#options.onBroken(this, 'decide', error),
      },
    });
  }

  /** SIGKILL: of its writes, the disk may have got to some. */
  kill(): void {
    if (this.#process === null) return;
    this.#note('is killed');
    this.#die();
  }

  /** What was not synced is gone, or a part of it. */
  cutPower(): void {
    this.#note('loses power');
    if (this.#process !== null) this.#die();
    if (this.#options.prng.below(2) === 0) this.#state.fallBack();
  }

  /** An entry can no longer be read; only while the process is down. */
  damageLog(prng: Prng): void {
    assert(this.#process === null, 'a log is damaged while nobody uses it');
    const { last_index, base } = this.#log.tail;
    const cut_index = base?.index ?? 0;
    if (last_index === cut_index) return;
    const index = cut_index + 1 + prng.below(last_index - cut_index);
    this.#note(`entry ${index} is damaged`);
    this.#log.damage(index, must((['payload', 'row', 'lost'] as const)[prng.below(3)], 'a kind'));
  }

  /** agenda.db is lost; only while the process is down. */
  loseState(): void {
    assert(this.#process === null, 'a state is lost while nobody uses it');
    this.#note('loses agenda.db');
    this.#state.lose();
  }

  /** The machine is replaced: the same node, with empty disks; only while the process is down. */
  wipe(): void {
    assert(this.#process === null, 'disks are replaced while nobody uses them');
    this.#disks += 1;
    this.#logs_lost.set(memberKey(this.#member), this.#log);
    const { node_id } = this.#member;
    this.#member = { node_id, storage_id: `${node_id}-disk-${this.#disks}` };
    this.#note(`comes back as ${this.#member.storage_id}`);
    this.#log = this.#emptyLog();
    this.#state.close();
    this.#snapshots = null;
    this.#state = new StateDisk(this.#member.storage_id);
  }

  stop(): void {
    this.#note('is stopped');
    this.#process?.stop();
  }

  goOn(): void {
    if (!this.is_stopped) return;
    this.#note('goes on');
    this.#process?.goOn();
  }

  /** The process ends by itself. */
  exit(): void {
    this.#note('exits');
    this.#die();
  }

  close(): void {
    this.#process?.kill();
    this.#life?.group.stop();
    this.#state.close();
  }

  #emptyLog(): SimulatedLogStore {
    return new SimulatedLogStore({ soon: (callback) => this.#disk(callback) });
  }

  #die(): void {
    must(this.#process, 'it is down').kill();
    this.#life?.group.stop();
    this.#log = this.#log.reopen(this.#options.prng.below(3));
    this.#process = null;
    this.#life = null;
    this.#repair_standing = null;
  }

  #receive(process: SimulatedProcess, from: Member, message: Request): Promise<Response> {
    const life = this.#life;
    this.#options.countStep();
    if (life === null || life.process !== process) return Promise.reject(new Error('starting'));
    return life.group.receive(from, message);
  }

  /** The disk gets to its work after a while. */
  #disk(callback: () => void): void {
    const { queue, prng, countStep } = this.#options;
    queue.after(1 + prng.below(this.disk_ms_max), () => {
      countStep();
      callback();
    });
  }

  #observedLog(log: SimulatedLogStore): LogStore {
    return {
      load: () => log.load(),
      read: (from, through, bytes_max) => log.read(from, through, bytes_max),
      inspect: (index) => log.inspect(index),
      repair: (entries) => log.repair(entries),
      close: () => log.close(),
      write: (writes) => {
        this.#options.onWrite(this, writes);
        return log.write(writes);
      },
    };
  }

  #note(what: string): void {
    this.#options.note(`${this.member.node_id} ${what}`);
  }
}
