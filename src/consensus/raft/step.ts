import { assert, unreachable } from '../../base/assert.ts';
import { afterCommit } from './after-commit.ts';
import { receiveAppendRequest } from './append.ts';
import { bootstrap } from './bootstrap-entry.ts';
import { receiveMembershipChange } from './change-membership.ts';
import { commitByQuorum } from './commit.ts';
import { compact } from './compact.ts';
import type { Member } from './configuration.ts';
import { receiveDiskLow } from './disk-low.ts';
import type { Effect } from './effect.ts';
import { countOwnVote, receiveVoteResponse } from './election.ts';
import { heartbeatFailed, receiveHeartbeatRequest, receiveHeartbeatResponse } from './heartbeat.ts';
import type { Input, Token } from './input.ts';
import { checkInvariants } from './invariants.ts';
import { completeWrites, registerWrite, trimTail } from './log.ts';
import type { Request, Response } from './message.ts';
import { receiveProposals } from './propose.ts';
import {
  receiveLocalRead,
  receiveReadIndexRequest,
  receiveReadIndexResponse,
  settleForwardedReads,
} from './read-index.ts';
import { appendFailed, receiveAppendResponse } from './replication.ts';
import { becomeFollower } from './role.ts';
import { snapshotEnded } from './send-snapshot.ts';
import { receiveSnapshotRequest, receiveSnapshotResponse, snapshotInstalled } from './snapshot.ts';
import type { RaftState } from './state.ts';
import { announceApplicable } from './state.ts';
import { receiveTick } from './tick.ts';
import { receiveTimeoutNow } from './timeout-now.ts';
import { receiveTimeoutNowResponse, receiveTransfer, timeoutNowFailed } from './transfer.ts';
import { receiveVoteRequest } from './vote.ts';

/**
 * The one way in (compare the rules for servers in Figure 2). No clock, no I/O, no randomness but the
 * injected generator's: the same state and inputs give the same effects. `now_ms` is the node's monotonic
 * clock, carried as data for `Freshness` and never looked at.
 */
export function step(state: RaftState, input: Input, now_ms: number): readonly Effect[] {
  assert(state.effects.length === 0, 'step is not re-entrant');
  const before = { term: state.term, commit_index: state.commit_index };
  state.now_ms = now_ms;
  receive(state, input);
  trimTail(state.log, state.commit_index);
  const persist = collectWrites(state);
  const effects = persist === null ? state.effects : [persist, ...state.effects];
  state.effects = [];
  checkInvariants(state, before);
  return effects;
}

/** What {@link step} does. */
export type Step = typeof step;

function receive(state: RaftState, input: Input): void {
  switch (input.kind) {
    case 'tick':
      return receiveTick(state);
    case 'request':
      return receiveRequest(state, input.from, input.token, input.message);
    case 'response':
      return receiveResponse(state, input.from, input.message);
    case 'send_failed':
      return receiveSendFailed(state, input.to, input.message);
    case 'propose':
      return receiveProposals(state, input.proposals);
    case 'transfer':
      return receiveTransfer(state, input.token, input.target);
    case 'change_membership':
      return receiveMembershipChange(state, input.token, input.change);
    case 'read':
      return receiveLocalRead(state, input.token);
    case 'persisted':
      return receivePersisted(state, input.write_id);
    case 'applied':
      return receiveApplied(state, input.index);
    case 'apply_halted':
      return receiveApplyHalted(state);
    case 'compact':
      return compact(state, input.index);
    case 'snapshot_installed':
      return snapshotInstalled(state, input.base);
    case 'snapshot_ended':
      return snapshotEnded(state, input.outcome);
    case 'disk_low':
      return receiveDiskLow(state, input.is_low);
    case 'bootstrap':
      return bootstrap(state, input.configuration);
    default:
      return unreachable(input);
  }
}

function receiveRequest(state: RaftState, from: Member, token: Token, message: Request): void {
  switch (message.kind) {
    case 'vote':
      return receiveVoteRequest(state, from, token, message);
    case 'append':
      return receiveAppendRequest(state, from, token, message);
    case 'heartbeat':
      return receiveHeartbeatRequest(state, from, token, message);
    case 'read_index':
      return receiveReadIndexRequest(state, token, message);
    case 'install_snapshot':
      return receiveSnapshotRequest(state, from, token, message);
    case 'timeout_now':
      return receiveTimeoutNow(state, from, token, message);
    default:
      return unreachable(message);
  }
}

function receiveResponse(state: RaftState, from: Member, message: Response): void {
  switch (message.kind) {
    case 'vote_response':
      return receiveVoteResponse(state, from, message);
    case 'append_response':
      return receiveAppendResponse(state, from, message);
    case 'heartbeat_response':
      return receiveHeartbeatResponse(state, from, message);
    case 'read_index_response':
      return receiveReadIndexResponse(state, message);
    case 'install_snapshot_response':
      return receiveSnapshotResponse(state, from, message);
    case 'timeout_now_response':
      return receiveTimeoutNowResponse(state, from, message);
    default:
      return unreachable(message);
  }
}

function receiveSendFailed(state: RaftState, to: Member, message: Request): void {
  switch (message.kind) {
    case 'vote':
      // "Servers retry RPCs" (§5.1): the next election timeout does.
      return undefined;
    case 'append':
      return appendFailed(state, to, message.term, message.append_id);
    case 'heartbeat':
      return heartbeatFailed(state, to, message.term);
    case 'read_index':
      return settleForwardedReads(state, message.read_id, null);
    case 'install_snapshot':
      // The driver asks again by itself, and says how the whole ended.
      return undefined;
    case 'timeout_now':
      return timeoutNowFailed(state, to, message.term);
    default:
      return unreachable(message);
  }
}

function receivePersisted(state: RaftState, write_id: number): void {
  completeWrites(state.log, write_id);
  assert(write_id > state.persisted_write_id, 'writes complete in order');
  state.persisted_write_id = write_id;
  countOwnVote(state);
  if (state.role === 'leader' && commitByQuorum(state)) afterCommit(state);
  announceApplicable(state);
}

function receiveApplied(state: RaftState, index: number): void {
  assert(index > state.applied_index && index <= state.apply_through, 'applied out of turn');
  state.applied_index = index;
}

function receiveApplyHalted(state: RaftState): void {
  state.is_apply_halted = true;
  if (state.role !== 'follower') becomeFollower(state, state.term, null);
}

/** All that this step has to write, as one effect; it stands before whatever waits for it. */
function collectWrites(state: RaftState): Effect | null {
  const { hard_state, truncate_from, base, entries } = state.unwritten;
  if (!hard_state && truncate_from === null && base === null && entries.length === 0) return null;
  const write_id = registerWrite(state.log, entries.length > 0, state.tick);
  if (hard_state) state.hard_state_write_id = write_id;
  state.unwritten = { hard_state: false, truncate_from: null, base: null, entries: [] };
  return {
    kind: 'persist',
    write_id,
    hard_state: hard_state ? { term: state.term, voted_for: state.voted_for } : null,
    truncate_from,
    base,
    entries,
    commit_index: state.commit_index,
  };
}
