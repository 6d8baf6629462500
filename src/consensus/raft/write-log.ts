import { assert } from '../../base/assert.ts';
import { decodeConfiguration } from './configuration-codec.ts';
import type { Entry, LogIndex } from './entry.ts';
import { appendToLog, truncateLog } from './log.ts';
import type { RaftState } from './state.ts';
import { currentConfiguration } from './state.ts';

/** Changes of the log and of what follows from it: the write of this step, the configuration in force. */

/** Deletes the entries from `from` on; a configuration among them counts no more (thesis §4.1). */
export function truncateEntries(state: RaftState, from: LogIndex): void {
  assert(from > state.commit_index, 'a committed entry is never truncated');
  truncateLog(state.log, from);
  assert(state.unwritten.entries.length === 0, 'one truncation a step, before its entries');
  state.unwritten.truncate_from = from;
  const before = currentConfiguration(state);
  while ((state.configurations.at(-1)?.index ?? 0) >= from) state.configurations.pop();
  const configuration = currentConfiguration(state);
  if (configuration !== before)
    state.effects.push({ kind: 'configuration_changed', configuration });
}

/** Appends in memory and to what this step writes; a configuration counts from here on. */
export function appendEntries(state: RaftState, entries: readonly Entry[]): void {
  appendToLog(state.log, entries);
  for (const entry of entries) {
    state.unwritten.entries.push(entry);
    if (entry.kind !== 'configuration') continue;
    const configuration = decodeConfiguration(entry.payload);
    state.configurations.push({ index: entry.index, configuration });
    state.effects.push({ kind: 'configuration_changed', configuration });
  }
}
