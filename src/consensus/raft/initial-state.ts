import { assert } from '../../base/assert.ts';
import { decodeConfiguration } from './configuration-codec.ts';
import type { HardState } from './effect.ts';
import type { Entry, LogIndex, Position } from './entry.ts';
import { createLog } from './log.ts';
import type { PlacedConfiguration } from './log-base.ts';
import type { RaftOptions, RaftState } from './state.ts';
import { resetElectionTimer } from './role.ts';

/** What a replica knows when it starts: its disk, and what its state machine has applied. */
export interface InitialState {
  readonly hard_state: HardState;
  readonly commit_index: LogIndex;
  readonly applied_index: LogIndex;
  readonly before_first: Position;
  /** In force at `before_first`; null: the log was never cut. */
  readonly base_configuration: PlacedConfiguration | null;
  readonly last_index: LogIndex;
  readonly term_starts: readonly Position[];
  readonly configuration_entries: readonly Entry[];
}

/**
 * "When servers start up, they begin as followers" (§5.2), with term, vote and log as they were. What is
 * applied was committed, even if the hint on disk is older.
 */
export function createState(options: RaftOptions, initial: InitialState): RaftState {
  const { hard_state, applied_index, last_index } = initial;
  assert(options.election_ticks > options.heartbeat_ticks, 'elections need several heartbeats');
  assert(applied_index <= last_index, 'the state is ahead of the log');
  const { before_first, base_configuration } = initial;
  assert(before_first.index === 0 || base_configuration !== null, 'a cut log without voters');
  const commit_index = Math.max(
    applied_index,
    before_first.index,
    Math.min(initial.commit_index, last_index),
  );
  const configurations = initial.configuration_entries.map(({ index, payload }) => ({
    index,
    configuration: decodeConfiguration(payload),
  }));
  if (base_configuration !== null) configurations.unshift(base_configuration);
  const state: RaftState = {
    options,
    tick: 0,
    now_ms: 0,
    term: hard_state.term,
    voted_for: hard_state.voted_for,
    hard_state_write_id: 0,
    persisted_write_id: 0,
    log: createLog(before_first, initial.term_starts, last_index),
    configurations,
    commit_index,
    apply_through: applied_index,
    applied_index,
    is_state_missing: applied_index < before_first.index,
    is_apply_halted: false,
    is_disk_low: false,
    elections_left_out: 0,
    role: 'follower',
    leader: null,
    election_elapsed: 0,
    election_timeout: 0,
    votes: new Map(),
    verified_index: commit_index,
    leading: null,
    transfer: null,
    forwarded_reads: { read_id: 0, in_flight: [], waiting: [] },
    effects: [],
    unwritten: { hard_state: false, truncate_from: null, base: null, entries: [] },
  };
  resetElectionTimer(state);
  return state;
}
