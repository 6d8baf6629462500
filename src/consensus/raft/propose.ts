import { limits } from '../../limits.ts';
import type { ProposalRefusal } from './effect.ts';
import { entryBytes } from './entry.ts';
import type { Entry } from './entry.ts';
import type { Proposal } from './input.ts';
import { replicateToAll } from './send-append.ts';
import { sealEntry } from './seal-entry.ts';
import type { RaftState } from './state.ts';
import { isTransferring, leadingState } from './state.ts';
import { appendEntries } from './write-log.ts';

/**
 * "If command received from client: append entry to local log, respond after entry applied to state
 * machine" (Figure 2). All proposals of one input become one write and one batch to each member. What is
 * appended and not committed is bounded: beyond that, clients are told to come again.
 */
export function receiveProposals(state: RaftState, proposals: readonly Proposal[]): void {
  const entries: Entry[] = [];
  for (const proposal of proposals) {
    if (state.role !== 'leader') {
      refuse(state, proposal, 'not_leader');
      continue;
    }
    if (isTransferring(state)) {
      refuse(state, proposal, 'transferring');
      continue;
    }
    const leading = leadingState(state);
    const index = state.log.last_index + entries.length + 1;
    if (
      (state.is_disk_low && proposal.kind === 'command') ||
      index - state.commit_index > limits.uncommitted_entries_max ||
      leading.uncommitted_bytes >= limits.uncommitted_bytes_max
    ) {
      refuse(state, proposal, 'overloaded');
      continue;
    }
    const { kind, request_id, payload } = proposal;
    const entry = sealEntry({ index, term: state.term, kind, request_id, payload });
    leading.uncommitted_bytes += entryBytes(entry);
    entries.push(entry);
    state.effects.push({
      kind: 'proposal_accepted',
      token: proposal.token,
      index,
      term: state.term,
    });
  }
  if (entries.length === 0) return;
  appendEntries(state, entries);
  replicateToAll(state);
}

function refuse(state: RaftState, proposal: Proposal, reason: ProposalRefusal): void {
  state.effects.push({ kind: 'proposal_refused', token: proposal.token, reason });
}
