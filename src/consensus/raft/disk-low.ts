import { isVoter, memberKey } from './configuration.ts';
import { becomeFollower } from './role.ts';
import type { RaftState } from './state.ts';
import { currentConfiguration, otherMembers, selfIsVoter } from './state.ts';

/**
 * A replica that is short of space lets others lead, as long as others can: it may soon be unable to
 * write. It votes, and keeps what it is given, for as long as there is space.
 */

/** So many elections are left to the others; when nobody leads by then, better this one than none. */
const ELECTIONS_LEFT_OUT_MAX = 4;

export function receiveDiskLow(state: RaftState, is_low: boolean): void {
  if (is_low === state.is_disk_low) return;
  state.is_disk_low = is_low;
  state.elections_left_out = 0;
  if (!is_low || state.role === 'follower') return;
  if (state.role !== 'leader' || hearsAnotherVoter(state)) becomeFollower(state, state.term, null);
}

/** Whether this election is left to the others. */
export function leavesElectionOut(state: RaftState): boolean {
  if (!state.is_disk_low || !hasOtherVoters(state)) return false;
  state.elections_left_out += 1;
  return state.elections_left_out <= ELECTIONS_LEFT_OUT_MAX;
}

function hasOtherVoters(state: RaftState): boolean {
  const configuration = currentConfiguration(state);
  if (configuration === null || !selfIsVoter(state)) return false;
  return otherMembers(state).some((member) => isVoter(configuration, member));
}

function hearsAnotherVoter(state: RaftState): boolean {
  const configuration = currentConfiguration(state);
  if (configuration === null) return false;
  const heard_since = state.tick - state.options.election_ticks;
  return otherMembers(state).some((member) => {
    const progress = state.leading?.progress.get(memberKey(member));
    return isVoter(configuration, member) && (progress?.last_contact_tick ?? -1) >= heard_since;
  });
}
