import { assert } from '../base/assert.ts';
import type { Position, Entry, LogIndex } from '../consensus/raft/entry.ts';
import { entryKindOf } from '../consensus/raft/entry-kind-code.ts';
import { entryChecksumHolds } from '../consensus/raft/seal-entry.ts';
import type { DamagedEntry } from '../consensus/ports.ts';
import { LogCorruptError } from '../consensus/log-corrupt-error.ts';
import { limits } from '../limits.ts';

/** The columns of `raft_log` that make an entry, in the order of {@link ENTRY_COLUMNS}. */
export type EntryRow = [
  idx: number,
  term: number,
  kind: number,
  request_id: string,
  command: Buffer,
  checksum: number,
];

/** With the key of the row, which says what entry it should be. */
export type PositionedRow = [...EntryRow, position: number];

export const ENTRY_COLUMNS = 'idx, term, kind, request_id, command, checksum';

const TOO_MANY_DAMAGED =
  `damaged, and ${limits.damaged_entries_max} before it as well: ` +
  'more than can be fetched from other replicas';

/** What a row, or the lack of one, comes to. */
export type RowReading =
  | { readonly kind: 'intact'; readonly entry: Entry }
  | {
      readonly kind: 'damaged';
      readonly index: LogIndex;
      readonly what: string;
      readonly claims: DamagedEntry['claims'];
    };

/** The row that should be the entry at `index`. */
export function readRow(index: LogIndex, row: EntryRow | PositionedRow): RowReading {
  const [stored_index, term, kind_code, request_id, payload, checksum] = row;
  const damaged = (what: string): RowReading => ({
    kind: 'damaged',
    index,
    what,
    claims: { term, checksum },
  });
  if (stored_index !== index) return damaged(`says that it is entry ${stored_index}`);
  if (!Number.isSafeInteger(term) || term < 0) return damaged(`no term: ${term}`);
  const kind = entryKindOf(kind_code);
  if (kind === null) return damaged(`unknown kind ${kind_code}`);
  const entry: Entry = { index, term, kind, request_id, payload, checksum };
  return entryChecksumHolds(entry) ? { kind: 'intact', entry } : damaged('checksum does not match');
}

/** One reading for each entry from `first` through `last`; `rows` are those there are, in order. */
export function* readRows(
  rows: Iterable<PositionedRow>,
  indexOf: (position: number) => LogIndex,
  first: LogIndex,
  last: LogIndex,
): Generator<RowReading> {
  let expected = first;
  for (const row of rows) {
    const index = indexOf(row[6]);
    assert(index >= expected, 'rows out of order');
    for (; expected < index; expected += 1) yield missing(expected);
    yield readRow(index, row);
    expected += 1;
  }
  for (; expected <= last; expected += 1) yield missing(expected);
}

function missing(index: LogIndex): RowReading {
  return { kind: 'damaged', index, what: 'missing', claims: null };
}

/**
 * The entries that are as they were written; the indexes of the others go to `damaged`.
 *
 * @throws {LogCorruptError} there are more of those than are ever fetched again
 */
export function* intactEntries(
  readings: Iterable<RowReading>,
  damaged: LogIndex[],
): Generator<Entry> {
  for (const reading of readings) {
    if (reading.kind === 'intact') yield reading.entry;
    else if (damaged.length < limits.damaged_entries_max) damaged.push(reading.index);
    else throw new LogCorruptError(reading.index, TOO_MANY_DAMAGED);
  }
}

/** What a log tells about its terms and configurations. */
export interface LogOutline {
  readonly last_index: LogIndex;
  readonly term_starts: readonly Position[];
  readonly configuration_entries: readonly Entry[];
}

/**
 * Reads through a log that begins after `before_first`, keeping no payload but the configurations'.
 *
 * @throws {LogCorruptError} a term smaller than the one before
 */
export function outlineLog(entries: Iterable<Entry>, before_first: Position): LogOutline {
  const term_starts: Position[] = [];
  const configuration_entries: Entry[] = [];
  let last = before_first;
  for (const { index, term, kind, ...rest } of entries) {
    if (term < last.term) throw new LogCorruptError(index, `term ${term} after ${last.term}`);
    if (term > last.term || term_starts.length === 0) term_starts.push({ index, term });
    if (kind === 'configuration') configuration_entries.push({ index, term, kind, ...rest });
    last = { index, term };
  }
  return { last_index: last.index, term_starts, configuration_entries };
}
