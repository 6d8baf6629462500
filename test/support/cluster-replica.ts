import { assert } from '../../src/base/assert.ts';
import type { Member } from '../../src/consensus/raft/configuration.ts';
import type { Prng } from '../../src/base/prng.ts';
import { createState } from '../../src/consensus/raft/initial-state.ts';
import {
  ELECTION_TICKS,
  HEARTBEAT_TICKS,
  PRIORITY_PAUSE_TICKS,
  termStartsOf,
} from './raft-fixture.ts';
import { memberKey, sameMember } from '../../src/consensus/raft/configuration.ts';
import type { HardState, Persist } from '../../src/consensus/raft/effect.ts';
import type { Entry, LogIndex, Term } from '../../src/consensus/raft/entry.ts';
import type { Token } from '../../src/consensus/raft/input.ts';
import type { Request, Response } from '../../src/consensus/raft/message.ts';
import type { RaftState } from '../../src/consensus/raft/state.ts';
import type { ObservedReplica } from './cluster-checks.ts';

/** One replica of a `CoreCluster`: its core, what is on its disk and what is on the way there. */
export interface Replica extends ObservedReplica {
  readonly member: Member;
  /** As it is when it starts. */
  priority: number;
  /** Null: it is down. */
  core: RaftState | null;
  boot: number;
  entries: Entry[];
  /** Survives a power cut. */
  disk: { hard_state: HardState; commit_index: LogIndex; entries: Entry[] };
  /** Not on disk yet, in order. */
  writes: Persist[];
  is_flushing: boolean;
  is_stalled: boolean;
  is_clock_stopped: boolean;
  after_persist: { readonly write_id: number; readonly run: () => void }[];
  last_write_id: number;
  replies: Map<Token, (response: Response) => void>;
  next_token: Token;
  /** The state machine: the entries themselves. */
  applied: Entry[];
  apply_through: LogIndex;
  is_applying: boolean;
  pending: Map<LogIndex, { readonly term: Term; readonly token: Token }>;
  reads: Map<Token, { readonly committed_before: LogIndex }>;
}

export function newReplica(member: Member): Replica {
  return {
    member,
    priority: 0,
    key: memberKey(member),
    core: null,
    boot: 0,
    entries: [],
    disk: { hard_state: { term: 0, voted_for: null }, commit_index: 0, entries: [] },
    writes: [],
    is_flushing: false,
    is_stalled: false,
    is_clock_stopped: false,
    after_persist: [],
    last_write_id: 0,
    replies: new Map(),
    next_token: 0,
    applied: [],
    apply_through: 0,
    is_applying: false,
    pending: new Map(),
    reads: new Map(),
    commit_seen: 0,
    term_led: 0,
  };
}

/** From what is on its disk. */
export function startCore(replica: Replica, prng: Prng): void {
  const { disk } = replica;
  replica.entries = [...disk.entries];
  replica.commit_seen = 0;
  replica.apply_through = replica.applied.length;
  replica.last_write_id = 0;
  replica.core = createState(
    {
      self: replica.member,
      election_ticks: ELECTION_TICKS,
      heartbeat_ticks: HEARTBEAT_TICKS,
      priority: replica.priority,
      priority_pause_ticks: PRIORITY_PAUSE_TICKS,
      prng,
    },
    {
      hard_state: disk.hard_state,
      commit_index: disk.commit_index,
      applied_index: replica.applied.length,
      before_first: { index: 0, term: 0 },
      base_configuration: null,
      last_index: disk.entries.length,
      term_starts: termStartsOf(disk.entries),
      configuration_entries: disk.entries.filter((entry) => entry.kind === 'configuration'),
    },
  );
}

export function applyToDisk(replica: Replica, write: Persist): void {
  const { disk } = replica;
  if (write.hard_state !== null) disk.hard_state = write.hard_state;
  if (write.truncate_from !== null) disk.entries.length = write.truncate_from - 1;
  disk.entries.push(...write.entries);
  disk.commit_index = Math.max(disk.commit_index, write.commit_index);
  const last_term = disk.entries.at(-1)?.term ?? 0;
  assert(disk.hard_state.term >= last_term, 'entries on disk before their term');
}

/** An answer is a promise: what it says must be on disk by now. */
export function checkDurable(replica: Replica, asker: Member, response: Response): void {
  const { disk, key } = replica;
  assert(
    disk.hard_state.term >= response.term,
    `${key} may forget the term of its ${response.kind}`,
  );
  if (response.kind === 'vote_response' && response.granted && !response.pre_vote) {
    const is_kept =
      disk.hard_state.term > response.asked_term ||
      (disk.hard_state.voted_for !== null && sameMember(disk.hard_state.voted_for, asker));
    assert(is_kept, `${key} gives a vote that it may forget`);
  }
  if (response.kind === 'append_response' && response.success) {
    const is_kept =
      disk.hard_state.term > response.term || disk.entries.length >= response.match_index;
    assert(is_kept, `${key} acknowledges what it may forget`);
  }
}

/** So is a question: of its term, and of the own vote. */
export function checkSpeaks(replica: Replica, message: Request): void {
  const { hard_state } = replica.disk;
  // The term of a question for a read index is of no use to anybody.
  if (message.kind !== 'read_index' && !(message.kind === 'vote' && message.pre_vote)) {
    assert(hard_state.term >= message.term, `${replica.key} speaks of a term that it may forget`);
  }
  if (message.kind === 'vote' && !message.pre_vote && hard_state.term === message.term) {
    assert(
      hard_state.voted_for !== null && sameMember(hard_state.voted_for, replica.member),
      'a candidate that may forget its own vote',
    );
  }
}
