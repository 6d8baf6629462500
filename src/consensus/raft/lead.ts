import { assert } from '../../base/assert.ts';
import { memberKey } from './configuration.ts';
import { entryBytes } from './entry.ts';
import { appendToLog } from './log.ts';
import { createProgress } from './progress.ts';
import { startRound } from './rounds.ts';
import { settleTransfer } from './settle-transfer.ts';
import { sealEntry } from './seal-entry.ts';
import { replicateToAll } from './send-append.ts';
import type { RaftState } from './state.ts';
import { otherMembers } from './state.ts';

/** Opens the term with a no-op (§8), which goes out before it is on this disk (thesis §10.2.1). */
export function becomeLeader(state: RaftState): void {
  assert(state.role === 'candidate', 'only a candidate is elected');
  const last_index = state.log.last_index;
  const no_op = sealEntry({
    index: last_index + 1,
    term: state.term,
    kind: 'no_op',
    request_id: '',
    payload: new Uint8Array(0),
  });
  state.role = 'leader';
  state.leader = state.options.self;
  // It had begun one, lost its office in it, and has it again.
  if (state.transfer !== null) settleTransfer(state, 'other_leader');
  state.votes = new Map();
  state.leading = {
    progress: new Map(
      otherMembers(state).map((member) => [memberKey(member), createProgress(member, last_index)]),
    ),
    first_index_of_term: last_index + 1,
    since_tick: state.tick,
    preferred_tick: null,
    membership: null,
    next_append_id: 1,
    heartbeat_elapsed: 0,
    quorum_check_elapsed: 0,
    round: 0,
    rounds: [],
    reading: null,
    reads_waiting: [],
    freshness: new Map(),
    uncommitted_bytes: entryBytes(no_op),
  };
  appendToLog(state.log, [no_op]);
  state.unwritten.entries.push(no_op);
  state.effects.push({ kind: 'role_changed' });
  // "Upon election: send initial empty AppendEntries RPCs to each server" (Figure 2).
  startRound(state);
  replicateToAll(state);
}
