import Database from 'better-sqlite3';
import type { Statement, Transaction } from 'better-sqlite3';
import { assert, must, unreachable } from '../base/assert.ts';
import { key_columns, pushRowValues, table_columns } from '../agenda/change.ts';
import type { ColumnValue, DeletableTable, RowChange, TableName } from '../agenda/change.ts';
import type { ExpiryView } from '../agenda/view.ts';
import { DiskFullError } from '../consensus/disk-full-error.ts';
import type { StorageId } from '../consensus/raft/configuration.ts';
import type { AgendaStore, RequestStore, StateMeta } from '../replica/agenda-store.ts';
import { INITIAL_DIGEST } from '../replica/digest-chain.ts';
import { agenda_migrations } from './agenda-schema.ts';
import { SqliteAgendaView } from './agenda-view.ts';
import { hasDamageNote, isDatabaseDamaged, removeDamageNote } from './database-damaged.ts';
import { openDatabase } from './database.ts';
import { isDiskFull } from './disk-full.ts';
import { expiryRows } from './expiry-rows.ts';
import { migrate } from './migrate.ts';
import { requestRows } from './request-rows.ts';
import { setAside } from './set-aside.ts';

export interface AgendaStoreOptions {
  readonly path: string;
  /** Of the raft.db beside it: the state belongs to that log and to no other. */
  readonly storage_id: StorageId;
}

export interface OpenedAgendaStore {
  readonly store: SqliteAgendaStore;
  /**
   * Where the state that was found was put, when it was of another log, or damaged; null otherwise. The
   * store is empty then, and the log builds it again.
   */
  readonly set_aside: string | null;
}

/** Opens agenda.db, creating it when absent. Close with {@link SqliteAgendaStore.close}. */
export function openAgendaStore(options: AgendaStoreOptions): OpenedAgendaStore {
  const { path, storage_id } = options;
  const found = hasDamageNote(path) ? null : openOwnState(path, storage_id);
  if (found !== null) return { store: found, set_aside: null };
  const set_aside = setAside(path);
  removeDamageNote(path);
  return { store: new SqliteAgendaStore(openState(path, storage_id)), set_aside };
}

/** Null: what is there belongs to another log, or is damaged. */
function openOwnState(path: string, storage_id: StorageId): SqliteAgendaStore | null {
  let database: Database.Database | null = null;
  try {
    database = openState(path, storage_id);
    const owner = database.prepare<[], string>('SELECT storage_id FROM raft_meta').pluck().get();
    if (owner === storage_id) {
      const store = new SqliteAgendaStore(database);
      assert(store.readMeta().applied_index >= 0, 'a state without its place in the log');
      return store;
    }
    database.close();
    return null;
  } catch (error) {
    database?.close();
    if (isDatabaseDamaged(error)) return null;
    throw error;
  }
}

/** A new file belongs to `storage_id`; one that exists keeps its owner. */
function openState(path: string, storage_id: StorageId): Database.Database {
  // Nothing is lost with NORMAL that the log does not have; a worker checkpoints.
  const database = openDatabase({ path, synchronous: 'normal', wal_autocheckpoint_pages: 0 });
  try {
    migrate(database, agenda_migrations);
    database
      .prepare<[string, string]>(
        `INSERT INTO raft_meta (one, storage_id, last_applied, digest, state_time)
         VALUES (1, ?, 0, ?, 0) ON CONFLICT DO NOTHING`,
      )
      .run(storage_id, INITIAL_DIGEST);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

type Write = Statement<ColumnValue[]>;

/** agenda.db: the replicated state, applied and read on one connection. */
export class SqliteAgendaStore implements AgendaStore {
  readonly view: SqliteAgendaView;
  readonly requests: RequestStore;
  readonly expiry: ExpiryView;
  readonly #database: Database.Database;
  readonly #inserts: ReadonlyMap<TableName, Write>;
  readonly #updates: ReadonlyMap<TableName, Write>;
  readonly #deletes: ReadonlyMap<TableName, Write>;
  readonly #read_meta: Statement<[], StateMeta>;
  readonly #write_meta: Statement<[number, string, number]>;
  readonly #run: Transaction<(body: () => unknown) => unknown>;

  constructor(database: Database.Database) {
    this.#database = database;
    this.view = new SqliteAgendaView(database);
    this.requests = requestRows(database);
    this.expiry = expiryRows(database);
    this.#inserts = prepareEach(database, Object.keys(table_columns) as TableName[], insertSql);
    this.#updates = prepareEach(database, ['users', 'calendars', 'appointments'], updateSql);
    this.#deletes = prepareEach(database, Object.keys(key_columns) as DeletableTable[], deleteSql);
    this.#read_meta = database.prepare(
      'SELECT last_applied AS applied_index, digest, state_time FROM raft_meta',
    );
    this.#write_meta = database.prepare(
      'UPDATE raft_meta SET last_applied = ?, digest = ?, state_time = ?',
    );
    this.#run = database.transaction((body: () => unknown) => body());
  }

  readMeta(): StateMeta {
    return must(this.#read_meta.get(), 'agenda.db without its row in raft_meta');
  }

  writeMeta(meta: StateMeta): void {
    assert(this.#database.inTransaction, 'the applied index goes with the state');
    this.#write_meta.run(meta.applied_index, meta.digest, meta.state_time);
  }

  write(changes: readonly RowChange[]): void {
    assert(this.#database.inTransaction, 'rows are written in a transaction');
    for (const change of changes) {
      this.view.forget(change);
      const values: ColumnValue[] = [];
      pushRowValues(change, values);
      for (let at = 0; at < values.length; at += 1) {
        if (typeof values[at] === 'boolean') values[at] = values[at] === true ? 1 : 0;
      }
      if (change.op === 'update') values.push(change.row.key);
      const statement = must(this.#statementsOf(change.op).get(change.table), 'no such change');
      assert(statement.run(...values).changes === 1, `no such row to ${change.op}`);
    }
  }

  #statementsOf(op: RowChange['op']): ReadonlyMap<TableName, Write> {
    switch (op) {
      case 'insert':
        return this.#inserts;
      case 'update':
        return this.#updates;
      case 'delete':
        return this.#deletes;
      default:
        return unreachable(op);
    }
  }

  transaction<T>(body: () => T): T {
    assert(!this.#database.inTransaction, 'a transaction within a transaction');
    try {
      return this.#run.immediate(body) as T;
    } catch (error) {
      this.view.forgetAll();
      if (!isDiskFull(error)) throw error;
      throw new DiskFullError('there is no space for the state', { cause: error });
    }
  }

  isStorageFailure(error: unknown): boolean {
    if (!(error instanceof Database.SqliteError)) return false;
    return !deterministic_codes.some((code) => error.code.startsWith(code));
  }

  /** After the last use; merges the WAL into the file when nobody else has it open. */
  close(): void {
    this.#database.close();
  }
}

/** What SQLite says of the values it was given, not of the disk. */
const deterministic_codes = [
  'SQLITE_CONSTRAINT',
  'SQLITE_MISMATCH',
  'SQLITE_RANGE',
  'SQLITE_TOOBIG',
] as const;

function prepareEach<Table extends TableName>(
  database: Database.Database,
  tables: readonly Table[],
  sqlFor: (table: Table) => string,
): ReadonlyMap<TableName, Write> {
  return new Map(tables.map((table) => [table, database.prepare<ColumnValue[]>(sqlFor(table))]));
}

function insertSql(table: TableName): string {
  const columns = table_columns[table];
  const names = columns.map((column) => `"${column}"`).join(', ');
  return `INSERT INTO ${table} (${names}) VALUES (${columns.map(() => '?').join(', ')})`;
}

function updateSql(table: TableName): string {
  const assignments = table_columns[table].map((column) => `"${column}" = ?`).join(', ');
  return `UPDATE ${table} SET ${assignments} WHERE "key" = ?`;
}

function deleteSql(table: DeletableTable): string {
  const conditions = key_columns[table].map((column) => `"${column}" = ?`).join(' AND ');
  return `DELETE FROM ${table} WHERE ${conditions}`;
}
