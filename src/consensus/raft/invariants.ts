import { assert } from '../../base/assert.ts';
import { sameMember } from './configuration.ts';
import type { LogIndex, Term } from './entry.ts';
import type { RaftState } from './state.ts';

/** What must hold after every step; a replica that finds one broken stops rather than spread it. */
export function checkInvariants(
  state: RaftState,
  before: { readonly term: Term; readonly commit_index: LogIndex },
): void {
  const { log } = state;
  assert(state.term >= before.term, 'terms only grow');
  assert(state.commit_index >= before.commit_index, 'the commit index only grows');
  const lies_below_cut = state.applied_index < log.before_first.index;
  assert(lies_below_cut === state.is_state_missing, 'the log was cut above what is applied');
  assert(state.applied_index <= state.apply_through, 'applied what may not be applied');
  assert(state.apply_through <= state.commit_index, 'may apply what is not committed');
  assert(state.apply_through <= log.persisted_index, 'may apply what is not on disk');
  assert(state.commit_index <= log.last_index, 'committed beyond the end of the log');
  assert(log.persisted_index <= log.last_index, 'persisted beyond the end of the log');
  assert((log.term_starts.at(-1)?.term ?? 0) <= state.term, 'an entry from a later term');
  const is_leader = state.role === 'leader';
  assert(is_leader === (state.leading !== null), 'leading and not leader, or the reverse');
  if (is_leader) {
    assert(
      state.leader !== null && sameMember(state.leader, state.options.self),
      'a leader that follows another',
    );
    assert(
      state.voted_for !== null && sameMember(state.voted_for, state.options.self),
      'a leader that voted for another',
    );
  }
}
