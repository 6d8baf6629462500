import { must } from '../../base/assert.ts';
import { limits } from '../../limits.ts';
import { answerRead } from './answer-read.ts';
import type { LogIndex } from './entry.ts';
import type { Token } from './input.ts';
import type { ReadIndexRequest, ReadIndexResponse } from './message.ts';
import type { PendingRead, RaftState } from './state.ts';
import { advanceCommit, leadingState } from './state.ts';
import { serveWaitingReads } from './rounds.ts';

/**
 * Linearizable reads without a log entry (thesis §6.4), from any replica:
 *
 * 1. the leader waits until it has committed an entry of its own term;
 * 2. it notes its commit index, after the read arrived;
 * 3. it confirms, by a round of heartbeats that began after the read arrived, that it still leads;
 * 4. whoever asked waits until it has applied that index.
 *
 * Reads that arrive during a round share the next one.
 */

/** A read of this replica's own. */
export function receiveLocalRead(state: RaftState, token: Token): void {
  if (state.role === 'leader') {
    enqueueRead(state, { token, origin: 'local' });
    return;
  }
  const { in_flight, waiting } = state.forwarded_reads;
  if (state.leader === null || waiting.length >= limits.pending_reads_max) {
    state.effects.push({ kind: 'read_ready', token, index: null });
    return;
  }
  waiting.push(token);
  if (in_flight.length === 0) forwardReads(state);
}

/** Step 1 to 3 on behalf of a follower. */
export function receiveReadIndexRequest(
  state: RaftState,
  token: Token,
  message: ReadIndexRequest,
): void {
  const read: PendingRead = { token, origin: 'peer', read_id: message.read_id };
  if (state.role === 'leader') enqueueRead(state, read);
  else answerRead(state, read, null);
}

function enqueueRead(state: RaftState, read: PendingRead): void {
  const leading = leadingState(state);
  if (leading.reads_waiting.length >= limits.pending_reads_max) {
    answerRead(state, read, null);
    return;
  }
  leading.reads_waiting.push(read);
  serveWaitingReads(state);
}

function forwardReads(state: RaftState): void {
  const to = must(state.leader, 'nobody to forward reads to');
  const read_id = state.forwarded_reads.read_id + 1;
  state.forwarded_reads = { read_id, in_flight: state.forwarded_reads.waiting, waiting: [] };
  state.effects.push({
    kind: 'send',
    to,
    message: { kind: 'read_index', term: state.term, read_id },
  });
}

/**
 * The leader's answer. Its read index is committed, so it also tells this replica to commit what it is
 * known to share with the leader's log, without waiting for the next heartbeat.
 */
export function receiveReadIndexResponse(state: RaftState, message: ReadIndexResponse): void {
  if (message.read_index !== null && state.role === 'follower' && message.term === state.term) {
    advanceCommit(state, Math.min(message.read_index, state.verified_index));
  }
  settleForwardedReads(state, message.read_id, message.read_index);
}

/**
 * Every request to the leader ends here: with an index, or null when there was no answer. A second answer
 * may be older than the reads that are in the leader's hands now: it settles nothing.
 */
export function settleForwardedReads(
  state: RaftState,
  read_id: number,
  index: LogIndex | null,
): void {
  const { in_flight, waiting } = state.forwarded_reads;
  if (read_id !== state.forwarded_reads.read_id || in_flight.length === 0) return;
  for (const token of in_flight) state.effects.push({ kind: 'read_ready', token, index });
  state.forwarded_reads = { read_id, in_flight: [], waiting };
  if (waiting.length === 0) return;
  if (state.role !== 'leader' && state.leader !== null) {
    forwardReads(state);
    return;
  }
  state.forwarded_reads = { read_id, in_flight: [], waiting: [] };
  for (const token of waiting) receiveLocalRead(state, token);
}
