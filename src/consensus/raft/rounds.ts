import { must } from '../../base/assert.ts';
import { answerRead } from './answer-read.ts';
import type { MemberKey } from './configuration.ts';
import { memberKey } from './configuration.ts';
import type { Freshness, HeartbeatRequest } from './message.ts';
import { isQuorum } from './quorum.ts';
import type { RaftState, Round } from './state.ts';
import { currentConfiguration, hasCommittedInTerm, leadingState } from './state.ts';

/**
 * Rounds of heartbeats and the reads that wait for them. A quorum that confirms a round led by us shows
 * that we led after it began (thesis §6.4).
 */

/** Heartbeats to one member that may be unanswered at a time: one that hangs gets no pile of them. */
const HEARTBEATS_IN_FLIGHT_MAX = 4;
/** Unconfirmed rounds remembered for {@link Freshness}; older ones are of no use. */
const ROUNDS_MAX = 16;

/** Starts a round: its number is unique for the term, and terms are never led twice. */
export function startRound(state: RaftState): number {
  const leading = leadingState(state);
  leading.round += 1;
  leading.heartbeat_elapsed = 0;
  const echoes = new Map<MemberKey, number>();
  for (const [key, progress] of leading.progress) {
    if (progress.echo_ms !== null) echoes.set(key, progress.echo_ms);
  }
  leading.rounds.push({
    round: leading.round,
    commit_index: state.commit_index,
    is_readable: hasCommittedInTerm(state),
    started_ms: state.now_ms,
    echoes,
  });
  if (leading.rounds.length > ROUNDS_MAX) leading.rounds.shift();
  for (const [key, progress] of leading.progress) {
    if (progress.heartbeats_in_flight >= HEARTBEATS_IN_FLIGHT_MAX) continue;
    progress.heartbeats_in_flight += 1;
    const message: HeartbeatRequest = {
      kind: 'heartbeat',
      term: state.term,
      round: leading.round,
      commit_index: Math.min(state.commit_index, progress.match_index),
      freshness: leading.freshness.get(key) ?? null,
    };
    state.effects.push({ kind: 'send', to: progress.member, message });
  }
  completeRounds(state);
  return leading.round;
}

/** The latest round that a quorum has confirmed settles all rounds up to it. */
export function completeRounds(state: RaftState): void {
  const leading = leadingState(state);
  const configuration = must(currentConfiguration(state), 'a leader has a configuration');
  const self_key = memberKey(state.options.self);
  const isConfirmed = (round: Round): boolean =>
    isQuorum(
      configuration,
      (key) => key === self_key || (leading.progress.get(key)?.round_confirmed ?? 0) >= round.round,
    );
  const completed = leading.rounds.findLast(isConfirmed);
  if (completed === undefined) return;
  leading.rounds = leading.rounds.filter((round) => round.round > completed.round);
  publishFreshness(state, completed);
  confirmReads(state, completed.round);
}

/**
 * A member whose clock said `echo_ms` before this round began has, once it applies what was committed
 * when the round began, everything that was acknowledged to anybody before that reading: we led at the
 * beginning of the round, so nobody else can have committed anything before it.
 */
function publishFreshness(state: RaftState, completed: Round): void {
  if (!completed.is_readable) return;
  const leading = leadingState(state);
  const freshness = new Map<MemberKey, Freshness>();
  for (const [key, echo_ms] of completed.echoes) {
    freshness.set(key, { echo_ms, commit_index: completed.commit_index });
  }
  leading.freshness = freshness;
  state.effects.push({
    kind: 'fresh',
    echo_ms: completed.started_ms,
    commit_index: completed.commit_index,
  });
}

/** Starts a round for the reads that wait, unless one is under way or nothing may be read yet. */
export function serveWaitingReads(state: RaftState): void {
  const leading = leadingState(state);
  if (leading.reading !== null || leading.reads_waiting.length === 0) return;
  if (!hasCommittedInTerm(state)) return;
  leading.reading = {
    round: leading.round + 1,
    index: state.commit_index,
    reads: leading.reads_waiting,
  };
  leading.reads_waiting = [];
  startRound(state);
}

/** A quorum has confirmed `round`: reads that began before it are confirmed. */
function confirmReads(state: RaftState, round: number): void {
  const leading = leadingState(state);
  const reading = leading.reading;
  if (reading === null || reading.round > round) return;
  leading.reading = null;
  for (const read of reading.reads) answerRead(state, read, reading.index);
  serveWaitingReads(state);
}
