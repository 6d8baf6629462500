import { assert, must } from '../../base/assert.ts';
import { limits } from '../../limits.ts';
import type { Entry, LogIndex, Position, Term } from './entry.ts';
import { entryBytes } from './entry.ts';

/**
 * What the core knows of its log (paper, §5.3): the term of every entry, the recent entries themselves,
 * and how much of it is on this replica's disk. Older entries are read from the log store by the driver.
 *
 *     before_first        tail[0]                    last_index
 *          |  on disk only  |  on disk and in memory  |
 *          +----------------+------------+------------+
 *                                        persisted_index: beyond it, memory only
 */
export interface RaftLog {
  /** What precedes the first entry there is. */
  before_first: Position;
  /** Where each term begins, ascending in index and term: the term of an entry is a binary search. */
  readonly term_starts: Position[];
  /** Consecutive entries up to the last. */
  tail: Entry[];
  tail_bytes: number;
  last_index: LogIndex;
  /** Everything up to here would survive a power cut. Invariant: persisted_index <= last_index. */
  persisted_index: LogIndex;
  next_write_id: number;
  /** Writes issued and not yet on disk, in order. */
  outstanding_writes: OutstandingWrite[];
}

interface OutstandingWrite {
  readonly write_id: number;
  readonly issued_tick: number;
  /**
   * What completion proves: lowered when the entries it carried are truncated meanwhile, so that a late
   * completion never counts for entries that were written again since (ABA).
   */
  proves_index: LogIndex;
}

export function createLog(
  before_first: Position,
  term_starts: readonly Position[],
  last_index: LogIndex,
): RaftLog {
  assert(last_index >= before_first.index, 'log ends before it begins');
  return {
    before_first,
    term_starts: [...term_starts],
    tail: [],
    tail_bytes: 0,
    last_index,
    persisted_index: last_index,
    next_write_id: 1,
    outstanding_writes: [],
  };
}

/** Term of the entry at `index`; null when this log cannot know it. */
export function termAt(log: RaftLog, index: LogIndex): Term | null {
  if (index === log.before_first.index) return log.before_first.term;
  if (index < log.before_first.index || index > log.last_index) return null;
  return must(log.term_starts[termStartPosition(log, index)], 'no term start').term;
}

/**
 * Term of the entry that the disk has at `index`, with no write to that place on its way; null: there may be one.
 */
export function persistedTermAt(log: RaftLog, index: LogIndex): Term | null {
  return index > log.persisted_index ? null : termAt(log, index);
}

/** Position in `term_starts` of the term that covers `index`, an index the log holds. */
function termStartPosition(log: RaftLog, index: LogIndex): number {
  let low = 0;
  let high = log.term_starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (must(log.term_starts[middle], 'term start').index <= index) low = middle;
    else high = middle - 1;
  }
  assert(must(log.term_starts[low], 'empty log').index <= index, 'index before the first term');
  return low;
}

/** First index of the term of the entry at `index`, an index the log holds. */
export function firstIndexOfTermAt(log: RaftLog, index: LogIndex): LogIndex {
  return must(log.term_starts[termStartPosition(log, index)], 'term start').index;
}

/** Last index whose term is at most `term`; that of `before_first` when there is none. */
export function lastIndexOfTermAtMost(log: RaftLog, term: Term): LogIndex {
  for (let position = log.term_starts.length - 1; position >= 0; position -= 1) {
    if (must(log.term_starts[position], 'term start').term <= term) {
      const next = log.term_starts[position + 1];
      return next === undefined ? log.last_index : next.index - 1;
    }
  }
  return log.before_first.index;
}

export function lastPosition(log: RaftLog): Position {
  return { index: log.last_index, term: must(termAt(log, log.last_index), 'term of last entry') };
}

/** Appends in memory; the caller issues the write. */
export function appendToLog(log: RaftLog, entries: readonly Entry[]): void {
  for (const entry of entries) {
    assert(entry.index === log.last_index + 1, 'entry does not follow the last one');
    const last_term = lastPosition(log).term;
    assert(entry.term >= last_term, 'terms in a log never fall');
    if (entry.term > last_term || log.term_starts.length === 0) {
      log.term_starts.push({ index: entry.index, term: entry.term });
    }
    log.tail.push(entry);
    log.tail_bytes += entryBytes(entry);
    log.last_index = entry.index;
  }
}

/** Forgets the entries from `index` on; the caller issues the write that deletes them. */
export function truncateLog(log: RaftLog, index: LogIndex): void {
  assert(index > log.before_first.index && index <= log.last_index, 'nothing to truncate there');
  log.last_index = index - 1;
  while ((log.term_starts.at(-1)?.index ?? 0) >= index) log.term_starts.pop();
  while ((log.tail.at(-1)?.index ?? 0) >= index) {
    log.tail_bytes -= entryBytes(must(log.tail.pop(), 'tail entry'));
  }
  log.persisted_index = Math.min(log.persisted_index, log.last_index);
  for (const write of log.outstanding_writes) {
    write.proves_index = Math.min(write.proves_index, log.last_index);
  }
}

/** Forgets the entries through `base.index`, which are applied; the caller issues the write. */
export function cutLog(log: RaftLog, base: Position): void {
  assert(
    base.index > log.before_first.index && base.index <= log.last_index,
    'nothing to cut there',
  );
  assert(termAt(log, base.index) === base.term, 'a cut at another entry');
  const next_term = base.index < log.last_index ? termAt(log, base.index + 1) : null;
  const later = log.term_starts.filter((start) => start.index > base.index + 1);
  const first = next_term === null ? [] : [{ index: base.index + 1, term: next_term }];
  log.term_starts.splice(0, log.term_starts.length, ...first, ...later);
  const kept = log.tail.findIndex((entry) => entry.index > base.index);
  const dropped = log.tail.splice(0, kept === -1 ? log.tail.length : kept);
  for (const entry of dropped) log.tail_bytes -= entryBytes(entry);
  log.before_first = { index: base.index, term: base.term };
}

/** Forgets all entries: a snapshot stands for everything up to `base`. */
export function resetLog(log: RaftLog, base: Position): void {
  assert(base.index > log.before_first.index, 'the log is cut beyond the snapshot');
  log.term_starts.length = 0;
  log.tail = [];
  log.tail_bytes = 0;
  log.before_first = { index: base.index, term: base.term };
  log.last_index = base.index;
  log.persisted_index = Math.min(log.persisted_index, base.index);
  for (const write of log.outstanding_writes) {
    write.proves_index = Math.min(write.proves_index, base.index);
  }
}

/** Registers a write that is being issued; `carries_entries`: it makes the whole log durable. */
export function registerWrite(log: RaftLog, carries_entries: boolean, tick: number): number {
  const write_id = log.next_write_id;
  log.next_write_id += 1;
  log.outstanding_writes.push({
    write_id,
    issued_tick: tick,
    proves_index: carries_entries ? log.last_index : 0,
  });
  return write_id;
}

/** The write and all before it are on disk. */
export function completeWrites(log: RaftLog, write_id: number): void {
  let first = log.outstanding_writes[0];
  assert(first !== undefined && first.write_id <= write_id, 'completion of an unknown write');
  while (first !== undefined && first.write_id <= write_id) {
    log.persisted_index = Math.max(log.persisted_index, first.proves_index);
    log.outstanding_writes.shift();
    first = log.outstanding_writes[0];
  }
  assert(log.persisted_index <= log.last_index, 'persisted beyond the end of the log');
}

/**
 * Entries from `from` through `through`, at least one and at most about `bytes_max`; null when the first
 * of them is no longer in memory.
 */
export function sliceOfLog(
  log: RaftLog,
  from: LogIndex,
  through: LogIndex,
  bytes_max: number,
): readonly Entry[] | null {
  assert(from <= through && through <= log.last_index, 'slice outside of the log');
  const first = log.tail[0];
  if (first === undefined || from < first.index) return null;
  let bytes = 0;
  let end = from - first.index;
  const end_max = Math.min(through - first.index + 1, end + limits.append_entries_max);
  while (end < end_max) {
    bytes += entryBytes(must(log.tail[end], 'tail entry'));
    if (bytes > bytes_max && end > from - first.index) break;
    end += 1;
  }
  return log.tail.slice(from - first.index, end);
}

/** Lets go of old entries in memory when there are too many; never of one above `keep_above`. */
export function trimTail(log: RaftLog, keep_above: LogIndex): void {
  if (log.tail_bytes <= limits.log_tail_bytes_max) return;
  let dropped = 0;
  while (log.tail_bytes > limits.log_tail_bytes_max / 2) {
    const entry = log.tail[dropped];
    if (entry === undefined || entry.index > keep_above || entry.index > log.persisted_index) break;
    log.tail_bytes -= entryBytes(entry);
    dropped += 1;
  }
  log.tail.splice(0, dropped);
}
