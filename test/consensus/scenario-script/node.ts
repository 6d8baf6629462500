import type { Prng } from '../../../src/base/prng.ts';
import type { Configuration, Member } from '../../../src/consensus/raft/configuration.ts';
import type { LogIndex, Term } from '../../../src/consensus/raft/entry.ts';
import type { Token } from '../../../src/consensus/raft/input.ts';
import type { Request } from '../../../src/consensus/raft/message.ts';
import { newReplica, startCore } from '../../support/cluster-replica.ts';
import type { Replica } from '../../support/cluster-replica.ts';
import { configurationAt } from '../../support/raft-fixture.ts';

/** A question that waits for an answer or for the news that there will be none. */
export interface Call {
  readonly from: ScenarioNode;
  /** Of the asker: after a restart nobody waits. */
  readonly boot: number;
  readonly to: Member;
  readonly message: Request;
  is_open: boolean;
}

interface Read {
  readonly label: string;
  readonly committed_before: LogIndex;
}

/** One replica of a script: a core, a disk, a state machine and its clients. */
export interface ScenarioNode {
  readonly name: string;
  readonly number: number;
  replica: Replica;
  /** Requests that it has not answered yet. */
  readonly held: Map<Token, Call>;
  /** Reads that no index is known for. */
  readonly reads: Map<Token, Read>;
  /** Reads that wait until it has applied their index. */
  confirmed: { readonly label: string; readonly index: LogIndex }[];
  /** Commands that clients wait for, by the place they were promised. */
  readonly proposals: Map<LogIndex, { readonly term: Term; readonly text: string }>;
}

/** A node on whose disk there is the first configuration, not known to be committed; null: nothing. */
export function createNode(
  number: number,
  member: Member,
  configuration: Configuration | null,
): ScenarioNode {
  const replica = newReplica(member);
  if (configuration !== null) {
    replica.disk.hard_state = { term: 1, voted_for: null };
    replica.disk.entries.push(configurationAt(1, 1, configuration));
  }
  const node: ScenarioNode = {
    name: member.node_id,
    number,
    replica,
    held: new Map(),
    reads: new Map(),
    confirmed: [],
    proposals: new Map(),
  };
  startNode(node);
  return node;
}

export function startNode({ number, replica }: ScenarioNode): void {
  startCore(replica, fixedDice(number));
}

/** Nothing in a script is left to chance: n1 waits one tick more than the least timeout, n2 two. */
function fixedDice(number: number): Prng {
  return { below: (bound) => Math.min(number, bound - 1) };
}

/** A power cut: all that is in memory is gone, the state machine too, and what is not on disk. */
export function stopNode(node: ScenarioNode): void {
  const { replica } = node;
  replica.core = null;
  replica.boot += 1;
  replica.writes = [];
  replica.after_persist = [];
  replica.applied = [];
  node.confirmed = [];
  for (const waiting of [node.held, node.reads, node.proposals]) waiting.clear();
}

/** Its disk is lost too: it comes back as another member (`storage_id`), with nothing. */
export function wipeNode(node: ScenarioNode): void {
  const { boot, member } = node.replica;
  stopNode(node);
  node.replica = newReplica({ ...member, storage_id: `${member.storage_id}'` });
  node.replica.boot = boot + 1;
}
