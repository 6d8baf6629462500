import { assert, must, unreachable } from '../../../src/base/assert.ts';
import type { MemberKey } from '../../../src/consensus/raft/configuration.ts';
import type { Effect, Persist } from '../../../src/consensus/raft/effect.ts';
import type { Entry, LogIndex } from '../../../src/consensus/raft/entry.ts';
import type { Input, Token } from '../../../src/consensus/raft/input.ts';
import type { MembershipChange } from '../../../src/consensus/raft/membership.ts';
import { step } from '../../../src/consensus/raft/step.ts';
import { ClusterChecks } from '../../support/cluster-checks.ts';
import { applyToDisk } from '../../support/cluster-replica.ts';
import { member, votersUpTo } from '../../support/raft-fixture.ts';
import { Calls } from './calls.ts';
import { describeEntry } from './describe-message.ts';
import {
  describeConfiguration,
  describeResult,
  describeRole,
  describeStatus,
  describeWrite,
} from './describe-node.ts';
import { createNode, startNode, stopNode, wipeNode } from './node.ts';
import type { ScenarioNode } from './node.ts';
import { Trace } from './trace.ts';
import { describeParcel } from './wire.ts';
import type { Parcel, Selection } from './wire.ts';

const TICK_MS = 10;
/** What the store gives at once, as when entries are large: so that every step is seen. */
const STORE_ENTRIES = 1;

/**
 * Cores whose ticks, messages and disks move only when they are told to. Everything they do is written
 * down, and the properties of Figure 3 are checked after every step. State machines take no time.
 */
export class ScenarioWorld {
  readonly #nodes: ScenarioNode[];
  readonly trace = new Trace();
  readonly calls: Calls;
  readonly #checks = new ClusterChecks();
  /** Texts of the proposals of the step under way. */
  #proposed: ReadonlyMap<Token, string> = new Map();

  constructor(size: number) {
    const configuration = votersUpTo(size);
    this.#nodes = configuration.voters.map((voter, position) =>
      createNode(position + 1, voter, configuration),
    );
    for (const { replica } of this.#nodes) this.#checks.written(replica.entries, replica.entries);
    this.calls = new Calls(this.#nodes, this.trace, (node, input) => this.#feed(node, input));
  }

  get nodes(): readonly ScenarioNode[] {
    return this.#nodes;
  }

  /** One more, with an empty disk: no member. */
  addNode(): void {
    const number = this.#nodes.length + 1;
    const node = createNode(number, member(number), null);
    this.#nodes.push(node);
    this.trace.note(describeStatus(node));
  }

  tick(node: ScenarioNode, count: number): void {
    for (let tick = 0; tick < count; tick += 1) {
      this.trace.cause(`${node.name} ticks`, { always: false });
      this.#feed(node, { kind: 'tick' });
      this.calls.failLost();
    }
  }

  propose(node: ScenarioNode, texts: readonly string[]): void {
    this.trace.cause(`${node.name} is asked to write ${texts.join(' ')}`, { always: true });
    const asked = new Map(texts.map((text) => [this.#token(node), text]));
    const proposals = [...asked].map(([token, text]) => ({
      token,
      kind: 'command' as const,
      request_id: text,
      payload: Buffer.from(text),
    }));
    this.#proposed = asked;
    this.#feed(node, { kind: 'propose', proposals });
    this.calls.failLost();
  }

  read(node: ScenarioNode, label: string): void {
    this.trace.cause(`${node.name} is asked to read ${label}`, { always: true });
    const token = this.#token(node);
    node.reads.set(token, { label, committed_before: this.#checks.committed.length });
    this.#feed(node, { kind: 'read', token });
    this.calls.failLost();
  }

  change(node: ScenarioNode, change: MembershipChange): void {
    this.trace.cause(`${node.name} is asked to change the members`, { always: true });
    this.#feed(node, { kind: 'change_membership', token: this.#token(node), change });
    this.calls.failLost();
  }

  transfer(node: ScenarioNode, target: ScenarioNode): void {
    this.trace.cause(`${node.name} is asked to hand over to ${target.name}`, { always: true });
    const token = this.#token(node);
    this.#feed(node, { kind: 'transfer', token, target: target.name });
    this.calls.failLost();
  }

  /** So many of the writes that wait, oldest first, get to the disk. */
  persist(node: ScenarioNode, count: number): void {
    const { replica } = node;
    const done = replica.writes.splice(0, count);
    const { write_id } = must(done.at(-1), 'nothing to write');
    for (const write of done) applyToDisk(replica, write);
    this.trace.cause(`${node.name} has write ${write_id} on disk`, { always: true });
    const ready = replica.after_persist.filter((one) => one.write_id <= write_id);
    replica.after_persist = replica.after_persist.filter((one) => one.write_id > write_id);
    for (const { run } of ready) run();
    this.#feed(node, { kind: 'persisted', write_id });
    this.calls.failLost();
  }

  /** What is on its way now; not what follows from it. */
  deliver(selection: Selection): readonly Parcel[] {
    const parcels = this.calls.wire.select(selection);
    for (const parcel of parcels) this.calls.deliver(parcel);
    return parcels;
  }

  lose(selection: Selection): readonly Parcel[] {
    const parcels = this.calls.wire.select(selection);
    for (const parcel of parcels) {
      this.trace.note(`${parcel.from}->${parcel.to} loses ${describeParcel(parcel)}`);
      this.calls.wire.remove(parcel);
    }
    this.calls.failLost();
    return parcels;
  }

  duplicate(selection: Selection): readonly Parcel[] {
    const parcels = this.calls.wire.select(selection);
    for (const parcel of parcels) {
      this.trace.note(`${parcel.from}->${parcel.to} carries twice ${describeParcel(parcel)}`);
      this.calls.wire.add({ ...parcel });
    }
    return parcels;
  }

  crash(node: ScenarioNode): readonly Persist[] {
    const lost = node.replica.writes;
    stopNode(node);
    this.calls.failLost();
    return lost;
  }

  wipe(node: ScenarioNode): void {
    wipeNode(node);
    this.calls.failLost();
  }

  restart(node: ScenarioNode): void {
    startNode(node);
    const core = must(node.replica.core, 'started');
    this.trace.note(`${node.name} ${describeRole(core)}`);
  }

  #token({ replica }: ScenarioNode): Token {
    replica.next_token += 1;
    return replica.next_token;
  }

  #feed(node: ScenarioNode, input: Input): void {
    const { replica } = node;
    const core = must(replica.core, `${node.name} is down`);
    const committed_before = core.commit_index;
    const effects = step(core, input, core.tick * TICK_MS);
    for (const effect of effects) if (effect.kind === 'persist') this.#write(node, effect);
    this.#checks.afterStep(replica, core, core.tick * TICK_MS, (key, entry) =>
      this.#isDurable(key, entry),
    );
    if (core.commit_index > committed_before) {
      this.trace.effect(`commits through ${core.commit_index}`);
    }
    if (effects.some((effect) => effect.kind === 'role_changed')) {
      this.trace.effect(describeRole(core));
    }
    for (const effect of effects) this.#perform(node, effect);
    this.#apply(node);
  }

  #write({ replica }: ScenarioNode, write: Persist): void {
    if (write.truncate_from !== null) replica.entries.length = write.truncate_from - 1;
    replica.entries.push(...write.entries);
    this.#checks.written(write.entries, replica.entries);
    replica.writes.push(write);
    replica.last_write_id = write.write_id;
    this.trace.effect(`write ${write.write_id}: ${describeWrite(write)}`);
  }

  #isDurable(key: MemberKey, entry: Entry): boolean {
    const holder = this.#nodes.find(({ replica }) => replica.key === key);
    return holder?.replica.disk.entries[entry.index - 1]?.checksum === entry.checksum;
  }

  #perform(node: ScenarioNode, effect: Effect): void {
    const { replica } = node;
    switch (effect.kind) {
      case 'send':
        return this.calls.send(node, effect.to, effect.message);
      case 'send_after_persist':
        return this.calls.sendAfterPersist(node, effect.to, effect.message);
      case 'send_from_store': {
        const { message, through_index, to } = effect;
        const from = message.previous.index;
        const entries = replica.entries.slice(from, Math.min(through_index, from + STORE_ENTRIES));
        return this.calls.send(node, to, { ...message, entries });
      }
      case 'reply':
        return this.calls.reply(node, effect.token, effect.message);
      case 'reply_after_persist':
        return this.calls.replyAfterPersist(node, effect.token, effect.message);
      case 'apply_through':
        replica.apply_through = effect.index;
        return undefined;
      case 'proposal_accepted':
        return this.#accepted(node, effect);
      case 'proposal_refused':
        return this.trace.effect(`refuses ${this.#proposal(effect.token)}: ${effect.reason}`);
      case 'read_ready':
        return this.#readReady(node, effect.token, effect.index);
      case 'configuration_changed':
        return this.trace.effect(describeConfiguration(effect.configuration));
      case 'membership_settled':
        return this.trace.effect(`change of members: ${describeResult(effect.result)}`);
      case 'transfer_settled':
        return this.trace.effect(`handing over: ${effect.outcome}`);
      case 'send_snapshot':
        return this.trace.effect(`a snapshot for ${effect.to.node_id}`);
      case 'receive_snapshot':
        throw new Error('scripts cut no log');
      case 'role_changed':
      case 'persist':
      case 'fresh':
        return undefined;
      default:
        return unreachable(effect);
    }
  }

  #proposal(token: Token): string {
    return must(this.#proposed.get(token), 'a proposal of this step');
  }

  #accepted(
    { proposals }: ScenarioNode,
    { token, index, term }: Extract<Effect, { kind: 'proposal_accepted' }>,
  ): void {
    const text = this.#proposal(token);
    proposals.set(index, { term, text });
    this.trace.effect(`takes ${text} as ${index}/${term}`);
  }

  #readReady(node: ScenarioNode, token: Token, index: LogIndex | null): void {
    const { label, committed_before } = must(node.reads.get(token), 'a read is answered once');
    node.reads.delete(token);
    if (index === null) {
      this.trace.effect(`refuses read ${label}: not confirmed`);
      return;
    }
    assert(index >= committed_before, `read ${label} misses what was committed before it began`);
    this.trace.effect(`may read ${label} once ${index} is applied`);
    node.confirmed.push({ label, index });
  }

  /** The state machine follows at once: the entries themselves are the state. */
  #apply(node: ScenarioNode): void {
    const { replica, proposals } = node;
    const applied_before = replica.applied.length;
    while (replica.applied.length < replica.apply_through) {
      const entry = must(replica.disk.entries[replica.applied.length], 'not on disk');
      this.#checks.applied(entry);
      replica.applied.push(entry);
      this.trace.effect(`applies ${describeEntry(entry)}`);
      const waiting = proposals.get(entry.index);
      proposals.delete(entry.index);
      if (waiting?.term === entry.term) this.trace.effect(`acknowledges ${waiting.text}`);
    }
    const index = replica.applied.length;
    if (index > applied_before) this.#feed(node, { kind: 'applied', index });
    for (const read of node.confirmed) {
      if (read.index <= index) this.trace.effect(`answers read ${read.label} at ${index}`);
    }
    node.confirmed = node.confirmed.filter((read) => read.index > index);
  }
}
