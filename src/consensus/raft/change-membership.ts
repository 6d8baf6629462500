import { assert, must } from '../../base/assert.ts';
import { limits } from '../../limits.ts';
import { appendConfiguration } from './append-configuration.ts';
import type { Configuration, Member } from './configuration.ts';
import { memberKey, sameMember } from './configuration.ts';
import type { Token } from './input.ts';
import type { MembershipChange, MembershipRefusal } from './membership.ts';
import { finalOf, isJoint, NO_CHANGE, planChange, transitionTo } from './membership.ts';
import type { Progress } from './progress.ts';
import { isQuorum } from './quorum.ts';
import { becomeFollower } from './role.ts';
import type { RaftState } from './state.ts';
import { hasCommittedInTerm, isHeard, isTransferring, leadingState, selfIsVoter } from './state.ts';
import { beginTransfer, bestTarget } from './transfer.ts';

/**
 * Changes of membership by the leader (thesis §4.3): the joint configuration first, decided by both
 * majorities; once that is committed, by itself, the final one. Whoever leads next finds the joint one
 * committed in its log and goes on from there.
 */

/** Somebody asks for a change. */
export function receiveMembershipChange(
  state: RaftState,
  token: Token,
  change: MembershipChange,
): void {
  const reason = attempt(state, token, change);
  if (reason === null) return;
  state.effects.push({
    kind: 'membership_settled',
    token,
    result: { kind: 'refused', reason },
  });
}

/** Null: it is appended, and under way. */
function attempt(
  state: RaftState,
  token: Token | null,
  change: MembershipChange,
): MembershipRefusal | null {
  if (state.role !== 'leader') return 'not_leader';
  if (isTransferring(state)) return 'transfer_in_progress';
  const { configuration, index } = must(state.configurations.at(-1), 'a leader has one');
  // Not before an entry of its own term is committed: an earlier leader's change may yet be (scenario 14).
  if (!hasCommittedInTerm(state)) return 'not_ready';
  if (index > state.commit_index || isJoint(configuration)) return 'change_in_progress';
  const planned = planChange(configuration, change);
  if (planned.kind === 'refused') return planned.reason;
  const doubt = findDoubt(state, change, planned.final);
  if (doubt !== null) return doubt;
  appendConfiguration(state, transitionTo(configuration, planned.final));
  leadingState(state).membership = { token };
  return null;
}

/** What the configuration cannot say and the leader knows: who is there, and how far. */
function findDoubt(
  state: RaftState,
  change: MembershipChange,
  final: Configuration,
): MembershipRefusal | null {
  const leading = leadingState(state);
  const progressOf = (member: Member): Progress | undefined =>
    leading.progress.get(memberKey(member));
  const replaced = change.remove.filter((old) =>
    change.add_learners.some((added) => added.node_id === old.node_id),
  );
  if (replaced.length > 0 && state.tick - leading.since_tick <= state.options.election_ticks) {
    return 'not_ready';
  }
  for (const old of replaced) {
    // A leader has no progress of its own, and is as alive as can be.
    if (sameMember(old, state.options.self)) return 'still_heard';
    const progress = progressOf(old);
    if (progress !== undefined && isHeard(state, progress)) return 'still_heard';
  }
  const is_ready = change.promote.every((member) => {
    const progress = progressOf(member);
    return progress !== undefined && isHeard(state, progress) && isNear(state, progress);
  });
  if (!is_ready) return 'not_caught_up';
  const self_key = memberKey(state.options.self);
  const decides = isQuorum(final, (key) => {
    const progress = leading.progress.get(key);
    return key === self_key || (progress !== undefined && isHeard(state, progress));
  });
  return decides ? null : 'no_quorum_heard';
}

/** It lacks so little that it will not hold a commit up. */
function isNear(state: RaftState, { state: sending, match_index }: Progress): boolean {
  return (
    sending === 'replicate' && match_index + limits.learner_lag_entries_max >= state.commit_index
  );
}

/** The commit index has moved: a joint configuration below it is followed by the final one. */
export function continueChange(state: RaftState): void {
  assert(hasCommittedInTerm(state), 'a leader commits by entries of its term');
  const leading = leadingState(state);
  const { configuration, index } = must(state.configurations.at(-1), 'a leader has one');
  if (index > state.commit_index) return;
  if (isJoint(configuration)) {
    appendConfiguration(state, finalOf(configuration));
    return;
  }
  if (leading.membership !== null) {
    const { token } = leading.membership;
    leading.membership = null;
    if (token !== null) {
      const result = { kind: 'committed', index } as const;
      state.effects.push({ kind: 'membership_settled', token, result });
    }
  }
  if (!selfIsVoter(state)) leaveOffice(state);
}

/**
 * "A leader that is not part of C(new) steps down once C(new) is committed" (thesis §4.2.2, §4.3): it hands over
 * first, so that nobody waits for a timeout.
 */
function leaveOffice(state: RaftState): void {
  if (isTransferring(state)) return;
  const target = bestTarget(state, null);
  if (target === null) becomeFollower(state, state.term, null);
  else beginTransfer(state, null, target);
}

/**
 * Promotes learners that have kept up for an election timeout (thesis §4.2.1), as many as are wanted and
 * no more. Called once a tick.
 */
export function promoteLearners(state: RaftState): void {
  const { configuration } = must(state.configurations.at(-1), 'a leader has one');
  const leading = leadingState(state);
  for (const progress of leading.progress.values()) {
    if (!isHeard(state, progress) || !isNear(state, progress)) progress.near_since_tick = null;
    else progress.near_since_tick ??= state.tick;
  }
  const missing = configuration.voters_wanted - configuration.voters.length;
  if (missing <= 0 || isJoint(configuration)) return;
  const promote = configuration.learners
    .filter((learner) => {
      const since = leading.progress.get(memberKey(learner))?.near_since_tick ?? null;
      return since !== null && state.tick - since >= state.options.election_ticks;
    })
    .slice(0, missing);
  if (promote.length > 0) attempt(state, null, { ...NO_CHANGE, promote });
}
