import { assert } from '../../base/assert.ts';
import type { Member } from './configuration.ts';
import { sameMember } from './configuration.ts';
import type { Term } from './entry.ts';
import { becomeFollower } from './role.ts';
import type { RaftState } from './state.ts';

/**
 * Recognises the sender as leader of its term, or says that its term is over. There is one leader a term
 * (§5.2), so a second one is a broken invariant.
 */
export function followLeader(state: RaftState, from: Member, term: Term): boolean {
  if (term < state.term) return false;
  assert(term > state.term || state.role !== 'leader', 'two leaders in one term');
  if (term > state.term || state.role !== 'follower' || state.leader === null) {
    becomeFollower(state, term, from);
  } else {
    assert(sameMember(state.leader, from), 'two leaders in one term');
    state.election_elapsed = 0;
  }
  state.elections_left_out = 0;
  return true;
}
