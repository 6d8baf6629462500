import { assert, must } from '../../base/assert.ts';
import type { Prng } from '../../base/prng.ts';
import type { Configuration, Member, MemberKey } from './configuration.ts';
import { allMembers, isVoter, memberKey } from './configuration.ts';
import type { Effect } from './effect.ts';
import type { Entry, LogIndex, Term } from './entry.ts';
import type { Token } from './input.ts';
import type { RaftLog } from './log.ts';
import type { LogBase, PlacedConfiguration } from './log-base.ts';
import { termAt } from './log.ts';
import type { Freshness } from './message.ts';
import type { Progress } from './progress.ts';

type Role = 'follower' | 'pre_candidate' | 'candidate' | 'leader';

export interface RaftOptions {
  readonly self: Member;
  /** The election timeout is drawn from [election_ticks, 1.5 × election_ticks). */
  readonly election_ticks: number;
  readonly heartbeat_ticks: number;
  /** `LEADER_PRIORITY`: a voter with a higher one should lead instead. */
  readonly priority: number;
  /** Leadership moves for its sake once in so many ticks at most. */
  readonly priority_pause_ticks: number;
  readonly prng: Prng;
}

/** A read that waits for a round of heartbeats: a local one, or one that a follower asked for. */
export type PendingRead =
  | { readonly origin: 'local'; readonly token: Token }
  | { readonly origin: 'peer'; readonly token: Token; readonly read_id: number };

/** A round of heartbeats (thesis §6.4): a quorum that confirms it shows that we led after it began. */
export interface Round {
  readonly round: number;
  readonly commit_index: LogIndex;
  /** Whether everything committed before this term was known to be committed when it began. */
  readonly is_readable: boolean;
  readonly started_ms: number;
  /** What each member's clock had said when the round began. */
  readonly echoes: ReadonlyMap<MemberKey, number>;
}

/** Leadership on its way to another (thesis §3.10). */
interface Transfer {
  /** Null: nobody waits to hear of it. */
  readonly token: Token | null;
  readonly target: Member;
  readonly ends_tick: number;
  /** It has been asked to stand. */
  is_told: boolean;
}

export interface LeaderState {
  readonly progress: Map<MemberKey, Progress>;
  /** The no-op of this term: until it is committed nothing is counted, nothing is read (§5.4.2, §8). */
  readonly first_index_of_term: LogIndex;
  /** When it became leader. */
  readonly since_tick: number;
  /** When it last handed over to one that would rather lead; null: not in this term. */
  preferred_tick: number | null;
  /** A change of membership that it began itself; token null: nobody asked for it. */
  membership: { readonly token: Token | null } | null;
  next_append_id: number;
  heartbeat_elapsed: number;
  quorum_check_elapsed: number;
  round: number;
  /** Rounds not yet confirmed, oldest first. */
  rounds: Round[];
  /** Reads of the round in progress; null: none is needed. */
  reading: {
    readonly round: number;
    readonly index: LogIndex;
    readonly reads: readonly PendingRead[];
  } | null;
  /** Reads for the next round. */
  reads_waiting: PendingRead[];
  /** From the last confirmed round: what each member may say of its age. */
  freshness: ReadonlyMap<MemberKey, Freshness>;
  uncommitted_bytes: number;
}

/**
 * The whole state of one replica's consensus. It is changed in place, but by `step` alone; everybody else
 * sees it as `Readonly`.
 */
export interface RaftState {
  readonly options: RaftOptions;
  /** Ticks since the start. */
  tick: number;
  /** The node's monotonic clock at this input: passed on as data, compared with nothing. */
  now_ms: number;

  term: Term;
  voted_for: Member | null;
  /** The write that carried the present term and vote; 0: they came from the disk. */
  hard_state_write_id: number;
  persisted_write_id: number;

  readonly log: RaftLog;
  /** Ascending; the last one counts from the moment it is appended (thesis §4.1). */
  readonly configurations: PlacedConfiguration[];
  commit_index: LogIndex;
  /** What the driver was told it may apply: committed and on this disk. */
  apply_through: LogIndex;
  applied_index: LogIndex;
  /** The state was lost, and the log that would build it again is cut: only a snapshot helps. */
  is_state_missing: boolean;
  /** It could commit, and answer nobody. */
  is_apply_halted: boolean;
  /** Short of space: it lets others lead, and takes no commands when it leads all the same. */
  is_disk_low: boolean;
  /** Since it was short of space, or last heard a leader. */
  elections_left_out: number;

  role: Role;
  leader: Member | null;
  election_elapsed: number;
  election_timeout: number;
  /** As a candidate: who answered what. */
  votes: Map<MemberKey, boolean>;
  /** As a follower: this leader has confirmed that our log agrees with its own up to here. */
  verified_index: LogIndex;
  /** Null unless leading. */
  leading: LeaderState | null;
  /** Outlives the leadership, until it is known who leads instead; null: none. */
  transfer: Transfer | null;
  /** Reads sent on to the leader: those in its hands, and those for the next request. */
  forwarded_reads: { read_id: number; in_flight: readonly Token[]; waiting: Token[] };

  /** Collected during a step. */
  effects: Effect[];
  /** What this step has to write: merged into one `persist` effect. */
  unwritten: {
    hard_state: boolean;
    truncate_from: LogIndex | null;
    base: LogBase | null;
    entries: Entry[];
  };
}

/** The configuration in force: the last one in the log, committed or not. */
export function currentConfiguration(state: RaftState): Configuration | null {
  return state.configurations.at(-1)?.configuration ?? null;
}

export function selfIsVoter(state: RaftState): boolean {
  const configuration = currentConfiguration(state);
  return configuration !== null && isVoter(configuration, state.options.self);
}

/**
 * Whether this replica may be needed as a leader: it votes, or did before a change that is not known to be
 * committed. "A server that is not part of its own latest configuration should still start new elections, as it
 * might still be needed until the C(new) entry is committed" (thesis §4.2.2): those that have that entry may
 * all be leaving, and vote for nobody who lacks it.
 */
export function selfMayLead(state: RaftState): boolean {
  for (let at = state.configurations.length - 1; at >= 0; at -= 1) {
    const { index, configuration } = must(state.configurations[at], 'a configuration');
    if (isVoter(configuration, state.options.self)) return true;
    if (index <= state.commit_index) return false;
  }
  return false;
}

/** All members of the configuration in force but this one. */
export function otherMembers(state: RaftState): readonly Member[] {
  const configuration = currentConfiguration(state);
  if (configuration === null) return [];
  const self_key = memberKey(state.options.self);
  return allMembers(configuration).filter((member) => memberKey(member) !== self_key);
}

export function leadingState(state: RaftState): LeaderState {
  return must(state.role === 'leader' ? state.leading : null, 'not leading');
}

/** Whether a member answered this leader within an election timeout. */
export function isHeard(state: RaftState, { last_contact_tick }: Progress): boolean {
  return (
    last_contact_tick !== null && state.tick - last_contact_tick <= state.options.election_ticks
  );
}

/** A leader that hands over takes no proposals: the target could never catch up (thesis §3.10). */
export function isTransferring(state: RaftState): boolean {
  return state.role === 'leader' && state.transfer !== null;
}

/** Whether the present term and vote would survive a power cut. */
export function hardStateIsDurable(state: RaftState): boolean {
  return !state.unwritten.hard_state && state.persisted_write_id >= state.hard_state_write_id;
}

/** Whether the disk has kept a write waiting for longer than an election timeout. */
export function diskIsStalled(state: RaftState): boolean {
  const oldest = state.log.outstanding_writes[0];
  return oldest !== undefined && state.tick - oldest.issued_tick > state.options.election_ticks;
}

/** Whether an entry of this leader's own term is committed (§5.4.2; thesis §6.4 step 1). */
export function hasCommittedInTerm(state: RaftState): boolean {
  return termAt(state.log, state.commit_index) === state.term;
}

/** Moves the commit index and tells the driver what may be applied: not before it is on this disk. */
export function advanceCommit(state: RaftState, index: LogIndex): void {
  assert(index <= state.log.last_index, 'commit beyond the end of the log');
  if (index > state.commit_index) state.commit_index = index;
  announceApplicable(state);
}

export function announceApplicable(state: RaftState): void {
  if (state.is_state_missing) return;
  const through = Math.min(state.commit_index, state.log.persisted_index);
  if (through <= state.apply_through) return;
  state.apply_through = through;
  state.effects.push({ kind: 'apply_through', index: through });
}
