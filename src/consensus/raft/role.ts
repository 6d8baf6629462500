import { assert } from '../../base/assert.ts';
import { answerRead } from './answer-read.ts';
import type { Member } from './configuration.ts';
import { memberKey, sameMember } from './configuration.ts';
import type { Term } from './entry.ts';
import { settleTransfer } from './settle-transfer.ts';
import type { RaftState } from './state.ts';

/** Changes of role (paper, Figure 4). */

/** Draws the next election timeout: once per change of role (§5.2). */
export function resetElectionTimer(state: RaftState): void {
  const { election_ticks, prng } = state.options;
  state.election_elapsed = 0;
  state.election_timeout = election_ticks + prng.below(Math.max(1, Math.ceil(election_ticks / 2)));
}

/** A new term forgets the vote; within a term the vote never changes back to nobody. */
export function adoptTerm(state: RaftState, term: Term): void {
  assert(term > state.term, 'terms only grow');
  state.term = term;
  state.voted_for = null;
  state.unwritten.hard_state = true;
}

/**
 * "If RPC request or response contains term T > currentTerm: set currentTerm = T, convert to follower"
 * (Figure 2). With the present term: stepping down, which keeps the vote.
 */
export function becomeFollower(state: RaftState, term: Term, leader: Member | null): void {
  assert(term >= state.term, 'following an old term');
  const term_before = state.term;
  // First, so that what it answers does not speak of a term that is not on disk yet.
  stopLeading(state);
  if (term > state.term) adoptTerm(state, term);
  const leader_key = leader === null ? null : memberKey(leader);
  const known_key = state.leader === null ? null : memberKey(state.leader);
  const unchanged = term === term_before && state.role === 'follower' && known_key === leader_key;
  state.role = 'follower';
  state.leader = leader;
  state.votes = new Map();
  state.verified_index = state.commit_index;
  resetElectionTimer(state);
  if (!unchanged) state.effects.push({ kind: 'role_changed' });
  if (leader === null || state.transfer === null) return;
  const is_target = sameMember(leader, state.transfer.target);
  settleTransfer(state, is_target ? 'transferred' : 'other_leader');
}

function stopLeading(state: RaftState): void {
  const leading = state.leading;
  if (leading === null) return;
  for (const read of leading.reading?.reads ?? []) answerRead(state, read, null);
  for (const read of leading.reads_waiting) answerRead(state, read, null);
  const token = leading.membership?.token ?? null;
  if (token !== null) {
    state.effects.push({ kind: 'membership_settled', token, result: { kind: 'unknown' } });
  }
  state.leading = null;
}

export function becomePreCandidate(state: RaftState): void {
  assert(state.role !== 'leader', 'a leader does not stand for election');
  state.role = 'pre_candidate';
  state.leader = null;
  state.votes = new Map([[memberKey(state.options.self), true]]);
  resetElectionTimer(state);
  state.effects.push({ kind: 'role_changed' });
}

/**
 * "Increment currentTerm, vote for self, reset election timer" (Figure 2). The own vote counts once it is
 * on disk, as anybody's does.
 */
export function becomeCandidate(state: RaftState): void {
  assert(state.role !== 'leader', 'a leader does not stand for election');
  adoptTerm(state, state.term + 1);
  state.voted_for = state.options.self;
  state.role = 'candidate';
  state.leader = null;
  state.votes = new Map();
  resetElectionTimer(state);
  state.effects.push({ kind: 'role_changed' });
}
