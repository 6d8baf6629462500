import type { LogIndex } from './entry.ts';
import type { PendingRead, RaftState } from './state.ts';
import { hardStateIsDurable } from './state.ts';

/** Ends a read with the index it must wait for; null: leadership could not be confirmed. */
export function answerRead(state: RaftState, read: PendingRead, index: LogIndex | null): void {
  if (read.origin === 'local') {
    state.effects.push({ kind: 'read_ready', token: read.token, index });
    return;
  }
  state.effects.push({
    kind: hardStateIsDurable(state) ? 'reply' : 'reply_after_persist',
    token: read.token,
    message: {
      kind: 'read_index_response',
      term: state.term,
      read_id: read.read_id,
      read_index: index,
    },
  });
}
