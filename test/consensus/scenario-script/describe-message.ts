import { unreachable } from '../../../src/base/assert.ts';
import type { Entry, Position } from '../../../src/consensus/raft/entry.ts';
import type { AppendResponse, Request, Response } from '../../../src/consensus/raft/message.ts';

/** Messages in words. The first word is the kind by which a script picks a message. */

export function describeMessage(message: Request | Response): string {
  switch (message.kind) {
    case 'timeout_now':
      return `timeout-now of term ${message.term}`;
    case 'timeout_now_response':
      return `timeout-now ${message.accepted ? 'accepted' : 'refused'}, own term ${message.term}`;
    case 'vote':
      return `${message.pre_vote ? 'pre-vote' : 'vote'} for term ${message.term}, last ${place(message.last_log)}${message.is_transfer ? ', asked to stand' : ''}`;
    case 'vote_response':
      return `${message.pre_vote ? 'pre-vote' : 'vote'} ${message.granted ? 'granted' : 'refused'} for term ${message.asked_term}, own term ${message.term}`;
    case 'append':
      return `append ${message.append_id} of term ${message.term} after ${place(message.previous)}: ${describeEntries(message.entries)}; commit ${message.leader_commit}`;
    case 'append_response':
      return `append ${message.append_id} ${resultOf(message)}, term ${message.term}`;
    case 'heartbeat':
      return `heartbeat ${message.round} of term ${message.term}; commit ${message.commit_index}`;
    case 'heartbeat_response':
      return `heartbeat ${message.round} ${message.success ? 'confirmed' : 'refused'}, term ${message.term}`;
    case 'read_index':
      return `read-index ${message.read_id} of term ${message.term}`;
    case 'read_index_response':
      return `read-index ${message.read_id} is ${message.read_index ?? 'unknown'}, term ${message.term}`;
    case 'install_snapshot': {
      const { base, snapshot_id } = message.manifest;
      return `install-snapshot ${snapshot_id} at ${place(base)} from ${message.offset}, term ${message.term}`;
    }
    case 'install_snapshot_response':
      return `install-snapshot ${message.snapshot_id}: ${message.progress}, term ${message.term}`;
    default:
      return unreachable(message);
  }
}

export function describeEntries(entries: readonly Entry[]): string {
  return entries.length === 0 ? 'no entries' : entries.map(describeEntry).join(', ');
}

/** Index, term and content. */
export function describeEntry(entry: Entry): string {
  const content =
    entry.kind === 'command' ? Buffer.from(entry.payload).toString() : entry.kind.replace('_', '-');
  return `${place(entry)} ${content}`;
}

function place(position: Position): string {
  return `${position.index}/${position.term}`;
}

function resultOf({ success, match_index, conflict }: AppendResponse): string {
  if (success) return `holds through ${match_index}`;
  if (conflict === null) return 'refused';
  const { term, index } = conflict;
  return term === 0
    ? `refused, log ends before ${index}`
    : `refused, has term ${term} from ${index}`;
}
