import { must } from '../../base/assert.ts';
import { memberKey } from './configuration.ts';
import { promoteLearners } from './change-membership.ts';
import { dropLeavers } from './drop-leavers.ts';
import { campaign } from './election.ts';
import { preferLeader } from './prefer-leader.ts';
import { isQuorum } from './quorum.ts';
import { startRound } from './rounds.ts';
import { replicateToAll, tellCommits } from './send-append.ts';
import type { RaftState } from './state.ts';
import {
  announceApplicable,
  currentConfiguration,
  diskIsStalled,
  isHeard,
  leadingState,
} from './state.ts';
import { becomeFollower } from './role.ts';
import { tickTransfer } from './transfer.ts';

/** One unit of time passes: heartbeats, election timeouts, and the leader's doubts about itself. */
export function receiveTick(state: RaftState): void {
  state.tick += 1;
  // After a restart: what was committed before is applied without waiting for a leader.
  announceApplicable(state);
  tickTransfer(state);
  if (state.role === 'leader') tickLeader(state);
  else tickFollower(state);
}

function tickFollower(state: RaftState): void {
  state.election_elapsed += 1;
  if (state.election_elapsed >= state.election_timeout) campaign(state);
}

/**
 * "A leader steps down if an election timeout elapses without a successful round of heartbeats to a
 * majority" (thesis §6.2), and likewise when its disk does not answer for so long: it could commit with
 * the others' disks, but could not answer anybody.
 */
function tickLeader(state: RaftState): void {
  const leading = leadingState(state);
  if (diskIsStalled(state) || (quorumCheckIsDue(state) && !hearsAQuorum(state))) {
    becomeFollower(state, state.term, null);
    return;
  }
  leading.heartbeat_elapsed += 1;
  if (leading.heartbeat_elapsed >= state.options.heartbeat_ticks) {
    startRound(state);
    replicateToAll(state);
  }
  tellCommits(state);
  dropLeavers(state);
  promoteLearners(state);
  preferLeader(state);
}

function quorumCheckIsDue(state: RaftState): boolean {
  const leading = leadingState(state);
  leading.quorum_check_elapsed += 1;
  if (leading.quorum_check_elapsed < state.options.election_ticks) return false;
  leading.quorum_check_elapsed = 0;
  return true;
}

function hearsAQuorum(state: RaftState): boolean {
  const leading = leadingState(state);
  const self_key = memberKey(state.options.self);
  return isQuorum(must(currentConfiguration(state), 'a leader has a configuration'), (key) => {
    if (key === self_key) return true;
    const progress = leading.progress.get(key);
    return progress !== undefined && isHeard(state, progress);
  });
}
