import { encodeConfiguration } from './configuration-codec.ts';
import type { Configuration } from './configuration.ts';
import { memberKey } from './configuration.ts';
import { entryBytes } from './entry.ts';
import type { LogIndex } from './entry.ts';
import { createProgress } from './progress.ts';
import { sealEntry } from './seal-entry.ts';
import { replicateToAll } from './send-append.ts';
import type { RaftState } from './state.ts';
import { leadingState, otherMembers } from './state.ts';
import { appendEntries } from './write-log.ts';

/**
 * The leader appends a configuration, which is in force from here on (thesis §4.1). Who is new is sent
 * everything; who is gone is still sent what makes them know it: see `drop-leavers.ts`.
 */
export function appendConfiguration(state: RaftState, configuration: Configuration): LogIndex {
  const leading = leadingState(state);
  const { last_index } = state.log;
  const entry = sealEntry({
    index: last_index + 1,
    term: state.term,
    kind: 'configuration',
    request_id: '',
    payload: encodeConfiguration(configuration),
  });
  leading.uncommitted_bytes += entryBytes(entry);
  appendEntries(state, [entry]);
  for (const member of otherMembers(state)) {
    const known = leading.progress.get(memberKey(member));
    if (known === undefined)
      leading.progress.set(memberKey(member), createProgress(member, last_index));
    else known.leaves_tick = null;
  }
  replicateToAll(state);
  return entry.index;
}
