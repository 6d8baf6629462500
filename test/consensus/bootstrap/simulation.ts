import { assert, must } from '../../../src/base/assert.ts';
import { seededPrng } from '../../../src/base/prng.ts';
import type { Prng } from '../../../src/base/prng.ts';
import { effectiveClusterId } from '../../../src/consensus/bootstrap/bootstrap-state.ts';
import type {
  BootstrapState,
  OwnBootstrapState,
} from '../../../src/consensus/bootstrap/bootstrap-state.ts';
import type { BootstrapStep } from '../../../src/consensus/bootstrap/bootstrap-step.ts';
import { firstConfiguration } from '../../../src/consensus/bootstrap/first-configuration.ts';
import { judgeDrop } from '../../../src/consensus/bootstrap/judge-drop.ts';
import { judgePromise } from '../../../src/consensus/bootstrap/judge-promise.ts';
import { planBootstrap } from '../../../src/consensus/bootstrap/plan-bootstrap.ts';
import { samePromise } from '../../../src/consensus/bootstrap/promise.ts';
import type { BootstrapPromise } from '../../../src/consensus/bootstrap/promise.ts';
import { memberKey, sameMember } from '../../../src/consensus/raft/configuration.ts';
import type {
  ClusterId,
  Configuration,
  Member,
} from '../../../src/consensus/raft/configuration.ts';

/**
 * Bootstrap in virtual time: replicas with durable disks, a network that delays, loses, duplicates and
 * reorders, and as much of Raft as decides whether the first entry lives: anyone who holds it sends it
 * on, and it is committed when a majority of its voters holds it.
 */
export interface SimulationOptions {
  readonly seed: number;
  readonly node_ids: readonly string[];
  readonly voters_wanted?: number;
  /** Defaults to all `node_ids` for every node. */
  readonly wanted_by?: (node_id: string) => readonly string[];
}

type Message =
  | {
      readonly kind: 'identify';
      readonly from: string;
      readonly pass: number;
      readonly boot: number;
    }
  | {
      readonly kind: 'identity';
      readonly state: BootstrapState;
      readonly pass: number;
      readonly boot: number;
    }
  | { readonly kind: 'promise'; readonly source: Member; readonly promise: BootstrapPromise }
  | { readonly kind: 'drop'; readonly source: Member; readonly promise: BootstrapPromise }
  | {
      readonly kind: 'append';
      readonly source: Member;
      readonly destination: Member;
      readonly configuration: Configuration;
      readonly committed: boolean;
    }
  | { readonly kind: 'appended'; readonly source: Member; readonly cluster_id: ClusterId };

export interface Disk {
  readonly member: Member;
  promise: BootstrapPromise | null;
  cluster_id: ClusterId | null;
  log: Configuration | null;
  commit_index: number;
}

interface Replica {
  disk: Disk;
  up: boolean;
  boot: number;
  pass: number;
  own: OwnBootstrapState | null;
  seen: BootstrapState[];
  acknowledged: Map<string, Member>;
  last_step: BootstrapStep | null;
}

const PASS_TICKS = 40;

export class BootstrapSimulation {
  readonly #prng: Prng;
  readonly #options: SimulationOptions;
  readonly #replicas = new Map<string, Replica>();
  readonly #queue = new Map<number, { to: string; message: Message }[]>();
  #now = 0;
  #minted = 0;
  readonly committed = new Set<ClusterId>();
  /** Per mille of messages lost and doubled. */
  loss = 0;
  doubling = 0;
  delay_max = 10;
  /** Of one message in eight. */
  late_delay_max = 10;
  /** Which links work. */
  linked: (from: string, to: string) => boolean = () => true;

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.#prng = seededPrng(options.seed);
    for (const node_id of options.node_ids) {
      const disk = this.#emptyDisk(node_id);
      this.#replicas.set(node_id, {
        disk,
        up: false,
        boot: 0,
        pass: 0,
        own: null,
        seen: [],
        acknowledged: new Map(),
        last_step: null,
      });
    }
  }

  #emptyDisk(node_id: string): Disk {
    this.#minted += 1;
    return {
      member: { node_id, storage_id: `s${this.#minted}` },
      promise: null,
      cluster_id: null,
      log: null,
      commit_index: 0,
    };
  }

  #replica(node_id: string): Replica {
    return must(this.#replicas.get(node_id), `no node ${node_id}`);
  }

  disk(node_id: string): Readonly<Disk> {
    return this.#replica(node_id).disk;
  }

  lastStep(node_id: string): BootstrapStep | null {
    return this.#replica(node_id).last_step;
  }

  isUp(node_id: string): boolean {
    return this.#replica(node_id).up;
  }

  start(node_id: string): void {
    const replica = this.#replica(node_id);
    if (replica.up) return;
    replica.up = true;
    replica.boot += 1;
  }

  crash(node_id: string): void {
    const replica = this.#replica(node_id);
    replica.up = false;
    replica.own = null;
    replica.seen = [];
    replica.acknowledged.clear();
    replica.last_step = null;
  }

  wipe(node_id: string): void {
    this.crash(node_id);
    this.#replica(node_id).disk = this.#emptyDisk(node_id);
  }

  /** A disk that belonged to a cluster long ago. */
  age(node_id: string, cluster_id: ClusterId): void {
    const { disk } = this.#replica(node_id);
    disk.cluster_id = cluster_id;
    disk.log = firstConfiguration(
      { cluster_id, proposal_number: 1, proposer: disk.member, members: [disk.member] },
      1,
    );
    disk.commit_index = 1;
    this.committed.add(cluster_id);
  }

  tick(): void {
    this.#now += 1;
    const due = this.#queue.get(this.#now) ?? [];
    this.#queue.delete(this.#now);
    for (const item of due) {
      if (!this.#replica(item.to).up) continue;
      this.#deliver(item.to, item.message);
    }
    for (const [node_id, replica] of this.#replicas) {
      if (!replica.up || this.#prng.below(PASS_TICKS / 2) !== 0) continue;
      if (replica.own === null) this.#beginPass(node_id, replica);
      else if (this.#prng.below(2) === 0) this.#endPass(replica);
      this.#replicate(replica);
    }
    this.#check();
  }

  run(ticks: number): void {
    for (let count = 0; count < ticks; count += 1) this.tick();
  }

  /** True when the condition came true within `ticks`. */
  runUntil(condition: () => boolean, ticks: number): boolean {
    for (let count = 0; count < ticks && !condition(); count += 1) this.tick();
    return condition();
  }

  allFormed(): boolean {
    return [...this.#replicas.values()].every(({ disk }) => disk.cluster_id !== null);
  }

  clusterIds(): readonly ClusterId[] {
    const ids = [...this.#replicas.values()].map(({ disk }) => disk.cluster_id);
    return [...new Set(ids.filter((id) => id !== null))];
  }

  writtenClusterIds(): readonly ClusterId[] {
    const ids = [...this.#replicas.values()].map(({ disk }) => disk.log?.cluster_id);
    return [...new Set(ids.filter((id) => id !== undefined))];
  }

  #send(from: string, to: string, message: Message): void {
    if (!this.linked(from, to)) return;
    const copies = this.#prng.below(1000) < this.doubling ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      if (this.#prng.below(1000) < this.loss) continue;
      const is_late = this.#prng.below(8) === 0;
      const delay = this.#prng.below(is_late ? this.late_delay_max : this.delay_max);
      const at = this.#now + 1 + delay;
      const due = this.#queue.get(at);
      if (due === undefined) this.#queue.set(at, [{ to, message }]);
      else due.push({ to, message });
    }
  }

  #beginPass(node_id: string, replica: Replica): void {
    replica.own = { ...stateOf(replica.disk), commit_index: replica.disk.commit_index };
    replica.seen = [];
    replica.pass += 1;
    for (const to of this.#replicas.keys()) {
      if (to === node_id) continue;
      const { pass, boot } = replica;
      this.#send(node_id, to, { kind: 'identify', from: node_id, pass, boot });
    }
  }

  #endPass(replica: Replica): void {
    const own = must(replica.own, 'no pass');
    replica.own = null;
    this.#minted += 1;
    const step = planBootstrap({
      own,
      wanted: this.#wanted(own.member.node_id),
      seen: replica.seen,
      fresh_cluster_id: `c${this.#minted}`,
    });
    replica.last_step = step;
    const { disk } = replica;
    const unchanged =
      samePromise(disk.promise, own.promise) &&
      disk.cluster_id === own.cluster_id &&
      stateOf(disk).last_index === own.last_index;
    if (unchanged) this.#take(disk, step);
  }

  #wanted(node_id: string): readonly string[] {
    return this.#options.wanted_by?.(node_id) ?? this.#options.node_ids;
  }

  #take(disk: Disk, step: BootstrapStep): void {
    const source = disk.member;
    switch (step.kind) {
      case 'formed':
      case 'wait':
        return;
      case 'adopt_cluster':
        disk.cluster_id = step.cluster_id;
        return;
      case 'hold_promise':
        disk.promise = step.promise;
        return;
      case 'drop_promise':
        disk.promise = null;
        return;
      case 'ask_promises':
        for (const member of step.members) {
          const { promise } = step;
          this.#send(source.node_id, member.node_id, { kind: 'promise', source, promise });
        }
        return;
      case 'ask_drops':
        for (const { member, promise } of step.drops) {
          this.#send(source.node_id, member.node_id, { kind: 'drop', source, promise });
        }
        return;
      case 'write_first_entry':
        assert(disk.log === null, 'a first entry over a log');
        disk.log = firstConfiguration(
          step.promise,
          this.#options.voters_wanted ?? step.promise.members.length,
        );
    }
  }

  #deliver(to: string, message: Message): void {
    const replica = this.#replica(to);
    const { disk } = replica;
    switch (message.kind) {
      case 'identify': {
        const { pass, boot } = message;
        this.#send(to, message.from, { kind: 'identity', state: stateOf(disk), pass, boot });
        return;
      }
      case 'identity':
        if (replica.own === null || message.pass !== replica.pass) return;
        if (message.boot !== replica.boot) return;
        replica.seen = [
          ...replica.seen.filter((state) => !sameMember(state.member, message.state.member)),
          message.state,
        ];
        return;
      case 'promise': {
        const judged = judgePromise(stateOf(disk), this.#wanted(to), message);
        if (judged.kind === 'accept') disk.promise = message.promise;
        return;
      }
      case 'drop':
        if (judgeDrop(stateOf(disk), message).kind === 'accept') disk.promise = null;
        return;
      case 'append':
        return this.#append(disk, message);
      case 'appended':
        if (disk.log?.cluster_id !== message.cluster_id) return;
        replica.acknowledged.set(memberKey(message.source), message.source);
        this.#commit(replica);
    }
  }

  #append(disk: Disk, message: Extract<Message, { kind: 'append' }>): void {
    const { cluster_id } = message.configuration;
    if (!sameMember(disk.member, message.destination)) return;
    if (effectiveClusterId(disk) !== cluster_id) return;
    disk.log ??= message.configuration;
    assert(disk.log.cluster_id === cluster_id, 'a log of another cluster');
    if (message.committed) disk.commit_index = 1;
    this.#send(disk.member.node_id, message.source.node_id, {
      kind: 'appended',
      source: disk.member,
      cluster_id,
    });
  }

  #replicate({ disk }: Replica): void {
    if (disk.log === null) return;
    for (const destination of [...disk.log.voters, ...disk.log.learners]) {
      if (destination.node_id === disk.member.node_id) continue;
      if (!this.#replicas.has(destination.node_id)) continue;
      this.#send(disk.member.node_id, destination.node_id, {
        kind: 'append',
        source: disk.member,
        destination,
        configuration: disk.log,
        committed: disk.commit_index > 0,
      });
    }
    this.#commit(this.#replica(disk.member.node_id));
  }

  #commit(replica: Replica): void {
    const { disk } = replica;
    if (disk.log === null || disk.commit_index > 0) return;
    const holders = disk.log.voters.filter(
      (voter) => sameMember(voter, disk.member) || replica.acknowledged.has(memberKey(voter)),
    );
    if (holders.length * 2 <= disk.log.voters.length) return;
    disk.commit_index = 1;
    this.committed.add(disk.log.cluster_id);
  }

  #check(): void {
    assert(this.writtenClusterIds().length <= 1, 'two clusters with a first entry');
    assert(this.committed.size <= 1, 'two clusters with a committed entry');
    assert(this.clusterIds().length <= 1, 'two cluster ids');
  }
}

function stateOf(disk: Disk): BootstrapState {
  return {
    member: disk.member,
    promise: disk.promise,
    cluster_id: disk.cluster_id,
    last_index: disk.log === null ? 0 : 1,
  };
}
