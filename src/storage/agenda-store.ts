import Database from 'better-sqlite3';
import type { Statement } from 'better-sqlite3';
import { assert, must, unreachable } from '../base/assert.ts';
import { key_columns, pushRowValues, table_columns, updatable_tables } from '../agenda/change.ts';
import type { ColumnValue, DeletableTable, RowChange, TableName } from '../agenda/change.ts';
import type { ExpiryView } from '../agenda/view.ts';
import { DiskFullError } from '../consensus/disk-full-error.ts';
import type { StorageId } from '../consensus/raft/configuration.ts';
import type { AgendaStore, RequestStore, StateMeta, StatePlace } from '../replica/agenda-store.ts';
import type { AuditChain } from '../replica/audit-chain.ts';
import { INITIAL_DIGEST } from '../replica/digest-chain.ts';
import { agenda_migrations } from './agenda-schema.ts';
import { SqliteAgendaView } from './agenda-view.ts';
import { auditChainRow } from './audit-chain-row.ts';
import { hasDamageNote, isDatabaseDamaged, removeDamageNote } from './database-damaged.ts';
import { openDatabase } from './database.ts';
import { isDiskFull } from './disk-full.ts';
import { expiryRows } from './expiry-rows.ts';
import { migrate } from './migrate.ts';
import { placeRow } from './place-row.ts';
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

/** agenda.db: the replicated state, applied and read on one connection. */
export class SqliteAgendaStore implements AgendaStore {
  /** The same object for as long as the store is open, also when the state is replaced. */
  readonly view: SqliteAgendaView;
  #connection: StateConnection;

  constructor(database: Database.Database) {
    this.view = new SqliteAgendaView(database);
    this.#connection = prepareConnection(database);
  }

  /** Of the present state: not to be kept when it is replaced. */
  get requests(): RequestStore {
    return this.#connection.requests;
  }

  /** Of the present state: not to be kept when it is replaced. */
  get expiry(): ExpiryView {
    return this.#connection.expiry;
  }

  /**
   * Puts another state in place of this one: closes, lets `exchange` change the file, and opens it again.
   * When that throws, nothing can be read or applied any more.
   */
  replace(storage_id: StorageId, exchange: () => void): void {
    const { database } = this.#connection;
    assert(!database.inTransaction, 'a state is replaced between transactions');
    database.close();
    exchange();
    const opened = openState(database.name, storage_id);
    this.#connection = prepareConnection(opened);
    this.view.reopen(opened);
  }

  readMeta(): StateMeta {
    return must(this.#connection.read_meta.get(), 'agenda.db without its row in raft_meta');
  }

  writeMeta(meta: StateMeta): void {
    assert(this.#connection.database.inTransaction, 'the applied index goes with the state');
    this.#connection.write_meta.run(meta.applied_index, meta.digest, meta.state_time);
  }

  readPlace(): StatePlace {
    return this.#connection.place.read();
  }

  writePlace(place: StatePlace): void {
    assert(this.#connection.database.inTransaction, 'the place goes with the state');
    this.#connection.place.write(place);
  }

  readAuditChain(): AuditChain {
    return this.#connection.audit_chain.read();
  }

  writeAuditChain(chain: AuditChain): void {
    assert(this.#connection.database.inTransaction, 'the chain goes with the rows');
    this.#connection.audit_chain.write(chain);
  }

  write(changes: readonly RowChange[]): void {
    assert(this.#connection.database.inTransaction, 'rows are written in a transaction');
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
        return this.#connection.inserts;
      case 'update':
        return this.#connection.updates;
      case 'delete':
        return this.#connection.deletes;
      default:
        return unreachable(op);
    }
  }

  transaction<T>(body: () => T): T {
    assert(!this.#connection.database.inTransaction, 'a transaction within a transaction');
    try {
      return this.#connection.run.immediate(body) as T;
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
    this.#connection.database.close();
  }
}

type Write = Statement<ColumnValue[]>;
type StateConnection = ReturnType<typeof prepareConnection>;

function prepareConnection(database: Database.Database) {
  return {
    database,
    requests: requestRows(database),
    expiry: expiryRows(database),
    place: placeRow(database),
    audit_chain: auditChainRow(database),
    inserts: prepareEach(database, Object.keys(table_columns) as TableName[], insertSql),
    updates: prepareEach(database, updatable_tables, updateSql),
    deletes: prepareEach(database, Object.keys(key_columns) as DeletableTable[], deleteSql),
    read_meta: database.prepare<[], StateMeta>(
      'SELECT last_applied AS applied_index, digest, state_time FROM raft_meta',
    ),
    write_meta: database.prepare<[number, string, number]>(
      'UPDATE raft_meta SET last_applied = ?, digest = ?, state_time = ?',
    ),
    run: database.transaction((body: () => unknown) => body()),
  };
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
