import { assert } from '../../src/base/assert.ts';
import { seededPrng } from '../../src/base/prng.ts';
import { offerEntry, standingOf } from '../../src/consensus/entry-offer.ts';
import type { EntrySource } from '../../src/consensus/entry-offer.ts';
import { Group } from '../../src/consensus/group.ts';
import { repairLog } from '../../src/consensus/log-repair.ts';
import type { ProposalResult } from '../../src/consensus/pending-proposals.ts';
import type {
  Observer,
  SnapshotEvent,
  StateMachine,
  Transport,
} from '../../src/consensus/ports.ts';
import { decodeConfiguration } from '../../src/consensus/raft/configuration-codec.ts';
import type { Configuration, Member } from '../../src/consensus/raft/configuration.ts';
import type { Entry } from '../../src/consensus/raft/entry.ts';
import type { LogBase } from '../../src/consensus/raft/log-base.ts';
import type { Request, Response } from '../../src/consensus/raft/message.ts';
import { DelayingLogStore } from './delaying-log-store.ts';
import { SimulatedLogStore } from './simulated-log-store.ts';
import { SimulatedSnapshotStore } from './simulated-snapshot-store.ts';
import { VirtualClock } from './virtual-clock.ts';

const ELECTION_TIMEOUT_MS = 1_200;
const HEARTBEAT_MS = 150;
const TICK_MS = 10;
const LATENCY_MS = 1;
const RPC_TIMEOUT_MS = 1_000;

const nobody: Observer = {
  roleChanged: () => undefined,
  persisted: () => undefined,
  applied: () => undefined,
  committed: () => undefined,
  snapshot: () => undefined,
  transferEnded: () => undefined,
};

/** A state machine that remembers what it was given; the state is on a disk that loses nothing. */
class Journal implements StateMachine {
  readonly commands: string[] = [];
  applied_index = 0;
  /** What a checkpoint has made durable; follows the state unless a test holds it. */
  held_durable_index: number | null = null;
  digest = '';
  #term = 0;
  #replaced: string | null = null;
  #configuration: LogBase['configuration'] | null = null;
  /** Thrown by the next attempt to apply. */
  defect: Error | null = null;

  get durable_index(): number {
    return this.held_durable_index ?? this.applied_index;
  }

  get base(): LogBase | null {
    if (this.#configuration === null) return null;
    return { index: this.applied_index, term: this.#term, configuration: this.#configuration };
  }

  /** All there is of the state, as a snapshot carries it. */
  dump(): string {
    return JSON.stringify({ base: this.base, commands: this.commands });
  }

  /** What a snapshot has put in place of the state. */
  reload(): void {
    if (this.#replaced === null) return;
    const { base, commands } = JSON.parse(this.#replaced) as {
      base: LogBase;
      commands: readonly string[];
    };
    this.#replaced = null;
    this.commands.splice(0, this.commands.length, ...commands);
    this.applied_index = base.index;
    this.#term = base.term;
    this.#configuration = base.configuration;
  }

  replace(dump: string): void {
    this.#replaced = dump;
  }

  apply(entries: readonly Entry[]): readonly string[] {
    if (this.defect !== null) throw this.defect;
    return entries.map((entry) => {
      assert(entry.index === this.applied_index + 1, 'a gap');
      this.applied_index = entry.index;
      this.#term = entry.term;
      if (entry.kind === 'configuration') {
        const configuration = decodeConfiguration(entry.payload);
        this.#configuration = { index: entry.index, configuration };
      }
      if (entry.kind === 'command') this.commands.push(Buffer.from(entry.payload).toString());
      return `outcome of ${entry.index}`;
    });
  }
}

interface ClusterOptions {
  /** Absent: the log is never cut. */
  readonly kept_entries?: number;
}

export interface Replica {
  readonly member: Member;
  group: Group;
  store: SimulatedLogStore;
  /** Between the group and its store. */
  disk: DelayingLogStore;
  journal: Journal;
  snapshots: SimulatedSnapshotStore;
  /** What happened to snapshots since it was started. */
  events: SnapshotEvent[];
  failures: unknown[];
  /** What became of damaged entries. */
  repairs: string[];
  is_off: boolean;
  die: () => void;
}

/** Real drivers over simulated disks and a simulated network, in virtual time. */
export class GroupCluster {
  readonly clock = new VirtualClock();
  readonly replicas: Replica[] = [];
  readonly #cut = new Set<string>();
  readonly #configuration: Configuration;
  readonly #options: ClusterOptions;
  #seed = 1;

  static async create(size: number, options: ClusterOptions = {}): Promise<GroupCluster> {
    const cluster = new GroupCluster(size, options);
    for (const member of cluster.#configuration.voters) {
      cluster.replicas.push(await cluster.#boot(member, new SimulatedLogStore(), new Journal()));
    }
    const [first] = cluster.replicas;
    first?.group.bootstrap(cluster.#configuration);
    await cluster.awaitLeader();
    return cluster;
  }

  private constructor(size: number, options: ClusterOptions) {
    this.#options = options;
    this.#configuration = {
      cluster_id: 'cluster',
      voters: Array.from({ length: size }, (_, position) => ({
        node_id: `n${position + 1}`,
        storage_id: `s${position + 1}`,
      })),
      outgoing_voters: [],
      learners: [],
      voters_wanted: size,
      removed: [],
      feature_level: 1,
    };
  }

  get leader(): Replica | null {
    return (
      this.replicas
        .filter((replica) => replica.group.state.role === 'leader')
        .toSorted((one, other) => other.group.state.term - one.group.state.term)[0] ?? null
    );
  }

  async awaitLeader(bound_ms = 60_000): Promise<Replica> {
    const is_led = (): boolean => {
      const leader = this.leader;
      return leader !== null && leader.group.state.commit_index >= this.#noOp(leader);
    };
    await this.clock.until('a leader that has committed', is_led, bound_ms);
    assert(this.leader !== null, 'led');
    return this.leader;
  }

  #noOp(leader: Replica): number {
    return leader.group.state.leading?.first_index_of_term ?? Number.MAX_SAFE_INTEGER;
  }

  followers(leader: Replica): Replica[] {
    return this.replicas.filter((replica) => replica !== leader);
  }

  /** An empty replica that is no member yet. */
  async join(node_id: string): Promise<Replica> {
    const member = { node_id, storage_id: `s-${node_id}` };
    const replica = await this.#boot(member, new SimulatedLogStore(), new Journal());
    this.replicas.push(replica);
    return replica;
  }

  /** Nothing passes between the two any more, in either direction. */
  isolate(replica: Replica): void {
    for (const other of this.replicas) {
      this.#cut.add(`${replica.member.node_id} ${other.member.node_id}`);
      this.#cut.add(`${other.member.node_id} ${replica.member.node_id}`);
    }
  }

  heal(): void {
    this.#cut.clear();
  }

  /** The machine loses power and starts again with what its disk had synced. */
  async powerCycle(replica: Replica): Promise<void> {
    this.powerOff(replica);
    await this.powerOn(replica);
  }

  powerOff(replica: Replica): void {
    replica.is_off = true;
    replica.die();
    replica.store.powerCut();
    replica.group.stop();
  }

  /** Another state on the disk of a replica that is down: its own is lost. */
  loseState(replica: Replica): void {
    replica.journal = new Journal();
  }

  async powerOn(replica: Replica): Promise<void> {
    // What is cut from the log is in the state's own disk.
    const journal = this.#options.kept_entries === undefined ? new Journal() : replica.journal;
    // A snapshot that was put in place is the state after a restart, whether it was read or not.
    if (journal === replica.journal) journal.reload();
    Object.assign(replica, await this.#boot(replica.member, replica.store.reopen(), journal));
  }

  propose(replica: Replica, text: string, timeout_ms = 4_500): Promise<ProposalResult> {
    return replica.group.propose('command', text, Buffer.from(text), timeout_ms);
  }

  async #boot(member: Member, store: SimulatedLogStore, journal: Journal): Promise<Replica> {
    const { clock, die } = this.clock.forProcess();
    const earlier = this.replicas.find((one) => one.member === member)?.snapshots;
    const snapshots =
      earlier?.reopen(clock, journal) ?? new SimulatedSnapshotStore(member.node_id, clock, journal);
    const { kept_entries } = this.#options;
    const failures: unknown[] = [];
    const events: SnapshotEvent[] = [];
    const repairs: string[] = [];
    this.#seed += 1;
    const disk = new DelayingLogStore(store, clock);
    const repair = {
      source: this.#entrySource(member),
      observer: {
        waiting: (index: number) => void repairs.push(`waiting ${index}`),
        repaired: (index: number) => void repairs.push(`repaired ${index}`),
        covered: (through: number) => void repairs.push(`covered ${through}`),
        adopted: (through: number) => void repairs.push(`adopted ${through}`),
        cut: (from: number) => void repairs.push(`cut ${from}`),
      },
    };
    await repairLog({
      store,
      clock,
      applied_index: journal.applied_index,
      durableBase: () => Promise.resolve(journal.base),
      ...repair,
    });
    const group = await Group.open({
      group_id: 'main',
      self: member,
      election_timeout_ms: ELECTION_TIMEOUT_MS,
      heartbeat_ms: HEARTBEAT_MS,
      tick_ms: TICK_MS,
      priority: 0,
      store: disk,
      repair,
      transport: this.#transport(member),
      state_machine: journal,
      clock,
      prng: seededPrng(this.#seed),
      observer: { ...nobody, snapshot: (event) => void events.push(event) },
      ...(kept_entries === undefined
        ? {}
        : {
            snapshots: {
              store: snapshots,
              kept_entries,
              durableIndex: () => journal.durable_index,
            },
          }),
      onFailed: (_part, error) => failures.push(error),
    });
    group.start();
    return {
      member,
      group,
      store,
      disk,
      journal,
      snapshots,
      events,
      failures,
      repairs,
      is_off: false,
      die,
    };
  }

  #entrySource(from: Member): EntrySource {
    return {
      hasOthers: () => this.#configuration.voters.length > 1,
      ask: (question) =>
        Promise.all(
          this.replicas
            .filter(({ member, is_off }) => member !== from && !is_off)
            .filter(({ member }) => !this.#cut.has(`${from.node_id} ${member.node_id}`))
            .map(({ store, group }) => offerEntry(store, standingOf(group.state), question)),
        ),
    };
  }

  #transport(from: Member): Transport {
    return {
      send: (to, message) =>
        new Promise<Response>((resolve, reject) => {
          this.clock.after(RPC_TIMEOUT_MS, () => reject(new Error('no answer')));
          this.clock.after(LATENCY_MS, () => this.#deliver(from, to, message, resolve));
        }),
    };
  }

  #deliver(from: Member, to: Member, message: Request, resolve: (answer: Response) => void): void {
    if (this.#cut.has(`${from.node_id} ${to.node_id}`)) return;
    const replica = this.replicas.find((one) => one.member.node_id === to.node_id);
    replica?.group.receive(from, message).then(
      (answer) =>
        void this.clock.after(LATENCY_MS, () => {
          if (!this.#cut.has(`${to.node_id} ${from.node_id}`)) resolve(answer);
        }),
      () => undefined,
    );
  }
}
