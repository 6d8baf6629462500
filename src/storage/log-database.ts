import type { Database, Statement, Transaction } from 'better-sqlite3';
import { assert, must } from '../base/assert.ts';
import type { DamagedEntry, StoredLog } from '../consensus/ports.ts';
import type { ClusterId, GroupId, StorageId } from '../consensus/raft/configuration.ts';
import type { HardState, Persist } from '../consensus/raft/effect.ts';
import { entryBytes } from '../consensus/raft/entry.ts';
import type { Entry, LogIndex, Position } from '../consensus/raft/entry.ts';
import { entryKindCode } from '../consensus/raft/entry-kind-code.ts';
import { RepairRefusedError } from '../consensus/repair-refused-error.ts';
import { openDatabase } from './database.ts';
import { prepareLogBase } from './log-base-row.ts';
import type { LogBaseRow } from './log-base-row.ts';
import { LogCorruptError } from '../consensus/log-corrupt-error.ts';
import { ENTRY_COLUMNS, intactEntries, outlineLog, readRow, readRows } from './log-rows.ts';
import type { EntryRow, PositionedRow, RowReading } from './log-rows.ts';
import { log_migrations } from './log-schema.ts';
import { mergeWrites } from './merge-writes.ts';
import type { LogTail, MergedWrite } from './merge-writes.ts';
import { migrate } from './migrate.ts';

/** Who this storage is, and to which cluster it belongs or has promised itself. */
export interface LogIdentity {
  /** Minted when raft.db was made. */
  readonly storage_id: StorageId;
  readonly cluster_id: ClusterId | null;
  /** The bootstrap promise, in whatever text its owner chose. */
  readonly promise: string | null;
}

export interface LogDatabaseOptions {
  readonly path: string;
  readonly group_id: GroupId;
}

/** Entries of one group: positions of a group are its number times this, plus the index. */
const POSITIONS_PER_GROUP = 2 ** 40;
const GROUPS_MAX = 2 ** 12;

interface MetaRow {
  readonly group_number: number;
  readonly current_term: number;
  readonly voted_for: string | null;
  readonly voted_for_storage_id: string | null;
  readonly commit_index: number;
}

/**
 * raft.db, the promise made to peers: every change is one transaction and on the disk when the call
 * returns. Blocks while it writes; `LogStore` of `log-store.ts` is the same behind a thread.
 */
export class LogDatabase {
  readonly #database: Database;
  readonly #group_id: GroupId;
  readonly #first_position: number;
  readonly #insert: Statement<[number, GroupId, ...EntryRow]>;
  readonly #delete: Statement<[number, number]>;
  readonly #update_meta: Statement<[number, string | null, string | null, number, GroupId]>;
  readonly #base_row: LogBaseRow;
  readonly #select: Statement<[number, number], PositionedRow>;
  readonly #select_backwards: Statement<[number, number], PositionedRow>;
  readonly #replace: Transaction<(entries: readonly Entry[]) => void>;
  readonly #commit: Transaction<(merged: MergedWrite) => void>;
  #tail: LogTail;

  constructor(options: LogDatabaseOptions) {
    const database = openDatabase({ path: options.path, synchronous: 'full' });
    try {
      migrate(database, log_migrations);
      // After a crash of the process SQLite finds frames that the kernel has and the disk may not: what is
      // read from here on counts as durable, so it is brought to the disk first.
      database.pragma('wal_checkpoint(PASSIVE)');
      const meta = openGroup(database, options.group_id);
      this.#database = database;
      this.#group_id = options.group_id;
      this.#first_position = meta.group_number * POSITIONS_PER_GROUP;
      this.#insert = database.prepare(
        `INSERT INTO raft_log (position, group_id, ${ENTRY_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      );
      this.#delete = database.prepare('DELETE FROM raft_log WHERE position BETWEEN ? AND ?');
      this.#update_meta = database.prepare(
        `UPDATE raft_meta SET current_term = ?, voted_for = ?, voted_for_storage_id = ?,
           commit_index = ? WHERE group_id = ?`,
      );
      const select = (order: 'ASC' | 'DESC') =>
        database
          .prepare<[number, number], PositionedRow>(
            `SELECT ${ENTRY_COLUMNS}, position FROM raft_log
               WHERE position BETWEEN ? AND ? ORDER BY position ${order}`,
          )
          .raw();
      this.#select = select('ASC');
      this.#select_backwards = select('DESC');
      this.#replace = database.transaction((entries: readonly Entry[]) => this.#repair(entries));
      this.#commit = database.transaction((merged: MergedWrite) => this.#apply(merged));
      this.#base_row = prepareLogBase(database, meta.group_number);
      const base = this.#base_row.read();
      this.#tail = {
        hard_state: hardStateOf(meta),
        commit_index: meta.commit_index,
        // What was committed was there: missing at the end, it is missing like any other.
        last_index: Math.max(this.#lastIndex(base?.index ?? 0), meta.commit_index),
        base,
      };
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /**
   * Everything a replica needs to go on, after reading and verifying every entry.
   *
   * @throws {LogCorruptError} undamaged entries that contradict each other or the term, or too many damaged ones
   */
  load(): StoredLog {
    const { hard_state, commit_index, last_index, base } = this.#tail;
    const before_first = this.#beforeFirst();
    const damaged: LogIndex[] = [];
    const readings = this.#readings(before_first.index + 1, last_index);
    const outline = outlineLog(intactEntries(readings, damaged), before_first);
    const last_term = outline.term_starts.at(-1)?.term ?? before_first.term;
    if (last_term > hard_state.term) {
      throw new LogCorruptError(last_index, `of term ${last_term}, beyond term ${hard_state.term}`);
    }
    const is_whole = damaged.length === 0;
    assert(!is_whole || outline.last_index === last_index, 'the log changed while it was read');
    return {
      damaged,
      hard_state,
      commit_index,
      before_first,
      base_configuration: base?.configuration ?? null,
      last_index,
      term_starts: is_whole ? outline.term_starts : [],
      configuration_entries: is_whole ? outline.configuration_entries : [],
    };
  }

  /** Applies the writes in their order: one transaction, one fsync; none for a commit index alone. */
  write(writes: readonly Persist[]): void {
    const merged = mergeWrites(this.#tail, writes);
    if (!merged.durable) return;
    this.#commit.immediate(merged);
    this.#tail = merged.tail;
  }

  /**
   * Verified entries from `from` on, at most through `through`, about `bytes_max` and at least one; none
   * when the log is cut there.
   *
   * @throws {LogCorruptError} the first of them is damaged or missing; a later one ends the list
   */
  read(from: LogIndex, through: LogIndex, bytes_max: number): readonly Entry[] {
    assert(from >= 1 && through >= from - 1, `no range of entries: ${from} to ${through}`);
    const entries: Entry[] = [];
    if (from <= this.#beforeFirst().index) return entries;
    let bytes = 0;
    const end = Math.min(through, this.#tail.last_index);
    if (end < from) return entries;
    for (const reading of this.#readings(from, end)) {
      if (reading.kind === 'damaged') {
        if (entries.length > 0) break;
        throw new LogCorruptError(reading.index, reading.what);
      }
      bytes += entryBytes(reading.entry);
      if (entries.length > 0 && bytes > bytes_max) break;
      entries.push(reading.entry);
    }
    return entries;
  }

  /** Null: the entry is as it was written. */
  inspect(index: LogIndex): DamagedEntry | null {
    const { last_index } = this.#tail;
    const before_first = this.#beforeFirst();
    assert(index > before_first.index && index <= last_index, `no entry of this log: ${index}`);
    const [reading] = this.#readings(index, index);
    assert(reading !== undefined, 'an entry without a reading');
    if (reading.kind === 'intact') return null;
    const { what, claims } = reading;
    const before = this.#firstIntact(
      this.#select_backwards.iterate(
        this.#position(before_first.index + 1),
        this.#position(index - 1),
      ),
    );
    const after = this.#firstIntact(
      this.#select.iterate(this.#position(index + 1), this.#position(last_index)),
    );
    return { index, what, claims, before: before ?? before_first, after };
  }

  /**
   * Puts the entries in the place of damaged or missing ones: one transaction, on the disk at once.
   *
   * @throws {RepairRefusedError} one has no such place; nothing is changed
   */
  repair(entries: readonly Entry[]): void {
    this.#replace.immediate(entries);
  }

  readIdentity(): LogIdentity {
    const row = this.#database
      .prepare<[], LogIdentity>('SELECT storage_id, cluster_id, promise FROM raft_identity')
      .get();
    return must(row, 'raft.db without an identity');
  }

  setPromise(promise: string | null): void {
    this.#database.prepare('UPDATE raft_identity SET promise = ?').run(promise);
  }

  /** A storage belongs to one cluster for ever. */
  setClusterId(cluster_id: ClusterId): void {
    const known = this.readIdentity().cluster_id;
    assert(known === null || known === cluster_id, 'raft.db belongs to another cluster');
    if (known === null) {
      this.#database.prepare('UPDATE raft_identity SET cluster_id = ?').run(cluster_id);
    }
  }

  close(): void {
    this.#database.close();
  }

  /** One for each entry in the range, whether or not there is a row. */
  #readings(from: LogIndex, through: LogIndex): Iterable<RowReading> {
    const rows = this.#select.iterate(this.#position(from), this.#position(through));
    return readRows(rows, (position) => position - this.#first_position, from, through);
  }

  #beforeFirst(): Position {
    const { base } = this.#tail;
    return { index: base?.index ?? 0, term: base?.term ?? 0 };
  }

  #firstIntact(rows: Iterable<PositionedRow>): Position | null {
    for (const row of rows) {
      const reading = readRow(row[6] - this.#first_position, row);
      if (reading.kind === 'intact')
        return { index: reading.entry.index, term: reading.entry.term };
    }
    return null;
  }

  #repair(entries: readonly Entry[]): void {
    const { hard_state, last_index } = this.#tail;
    for (const entry of entries) {
      const refuse = (why: string): never => {
        throw new RepairRefusedError(`entry ${entry.index} is ${why}`);
      };
      if (entry.index > last_index) refuse('not one of this log to repair');
      if (entry.term > hard_state.term) refuse('of a term not yet durable');
      if (this.inspect(entry.index) === null) refuse('not damaged');
      const position = this.#position(entry.index);
      this.#delete.run(position, position);
      this.#insertEntry(entry);
    }
  }

  #apply(merged: MergedWrite): void {
    const { hard_state, commit_index } = merged.tail;
    if (merged.delete_from !== null) {
      this.#delete.run(this.#position(merged.delete_from), this.#position(POSITIONS_PER_GROUP - 1));
    }
    if (merged.delete_through !== null) {
      this.#delete.run(this.#position(1), this.#position(merged.delete_through));
      this.#base_row.write(must(merged.tail.base, 'a cut log rests on something'));
    }
    for (const entry of merged.entries) this.#insertEntry(entry);
    const updated = this.#update_meta.run(
      hard_state.term,
      hard_state.voted_for?.node_id ?? null,
      hard_state.voted_for?.storage_id ?? null,
      commit_index,
      this.#group_id,
    );
    assert(updated.changes === 1, 'the group has no row in raft_meta');
  }

  #insertEntry(entry: Entry): void {
    this.#insert.run(
      this.#position(entry.index),
      this.#group_id,
      entry.index,
      entry.term,
      entryKindCode(entry.kind),
      entry.request_id,
      entry.payload as Buffer,
      entry.checksum,
    );
  }

  #position(index: LogIndex): number {
    assert(index >= 0 && index < POSITIONS_PER_GROUP, `no index of an entry: ${index}`);
    return this.#first_position + index;
  }

  /** That of the base when the log is empty after it. */
  #lastIndex(base_index: LogIndex): LogIndex {
    const last = this.#database
      .prepare<[number, number], number | null>(
        'SELECT max(position) FROM raft_log WHERE position BETWEEN ? AND ?',
      )
      .pluck()
      .get(this.#position(base_index + 1), this.#position(POSITIONS_PER_GROUP - 1));
    return last === null || last === undefined ? base_index : last - this.#first_position;
  }
}

/** The group's row, made when absent: term 0 and nothing committed. */
function openGroup(database: Database, group_id: GroupId): MetaRow {
  assert(group_id !== '', 'a group has a name');
  database
    .prepare(
      `INSERT INTO raft_meta (group_id, current_term, commit_index) VALUES (?, 0, 0)
         ON CONFLICT (group_id) DO NOTHING`,
    )
    .run(group_id);
  const row = must(
    database
      .prepare<[GroupId], MetaRow>('SELECT * FROM raft_meta WHERE group_id = ?')
      .get(group_id),
    'the group has no row in raft_meta',
  );
  assert(row.group_number >= 1 && row.group_number < GROUPS_MAX, 'too many groups in raft.db');
  return row;
}

function hardStateOf(meta: MetaRow): HardState {
  const { current_term, voted_for, voted_for_storage_id } = meta;
  if (voted_for === null || voted_for_storage_id === null) {
    return { term: current_term, voted_for: null };
  }
  return {
    term: current_term,
    voted_for: { node_id: voted_for, storage_id: voted_for_storage_id },
  };
}
