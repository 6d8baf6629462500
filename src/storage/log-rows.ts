import type { Position, Entry, LogIndex } from '../consensus/raft/entry.ts';
import { entryKindOf } from '../consensus/raft/entry-kind-code.ts';
import { entryChecksumHolds } from '../consensus/raft/seal-entry.ts';
import { LogCorruptError } from './log-corrupt-error.ts';

/** The columns of `raft_log` that make an entry, in the order of {@link ENTRY_COLUMNS}. */
export type EntryRow = [
  idx: number,
  term: number,
  kind: number,
  request_id: string,
  command: Buffer,
  checksum: number,
];

export const ENTRY_COLUMNS = 'idx, term, kind, request_id, command, checksum';

/**
 * Rows as entries, each verified, one at a time.
 *
 * @throws {LogCorruptError} a damaged entry, or another index than the next after `first`
 */
export function* verifiedEntries(rows: Iterable<EntryRow>, first: LogIndex): Generator<Entry> {
  let expected = first;
  for (const [index, term, kind_code, request_id, payload, checksum] of rows) {
    if (index !== expected) throw new LogCorruptError(expected, `missing, found ${index} instead`);
    const kind = entryKindOf(kind_code);
    if (kind === null) throw new LogCorruptError(index, `unknown kind ${kind_code}`);
    const entry: Entry = { index, term, kind, request_id, payload, checksum };
    if (!entryChecksumHolds(entry)) throw new LogCorruptError(index, 'checksum does not match');
    expected += 1;
    yield entry;
  }
}

/** What a whole log tells about its terms and configurations. */
export interface LogOutline {
  readonly last_index: LogIndex;
  readonly term_starts: readonly Position[];
  readonly configuration_entries: readonly Entry[];
}

/**
 * Reads through a log that begins at entry 1, keeping no payload but the configurations'.
 *
 * @throws {LogCorruptError} a term smaller than the one before
 */
export function outlineLog(entries: Iterable<Entry>): LogOutline {
  const term_starts: Position[] = [];
  const configuration_entries: Entry[] = [];
  let last: Position = { index: 0, term: 0 };
  for (const { index, term, kind, ...rest } of entries) {
    if (term < last.term) throw new LogCorruptError(index, `term ${term} after ${last.term}`);
    if (term > last.term || index === 1) term_starts.push({ index, term });
    if (kind === 'configuration') configuration_entries.push({ index, term, kind, ...rest });
    last = { index, term };
  }
  return { last_index: last.index, term_starts, configuration_entries };
}
