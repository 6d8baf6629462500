import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { assert } from '../base/assert.ts';
import { limits } from '../limits.ts';
import type { PinnedTables, TableHash } from '../replica/state-check.ts';

/** It names the storage it belongs to, which is another on every replica; the digest covers the rest. */
const LOCAL_TABLE = 'raft_meta';

interface ColumnInfo {
  readonly name: string;
  /** Position in the primary key, from 1; 0: not part of it. */
  readonly pk: number;
}

/**
 * The committed state of agenda.db as it is now, on a connection of its own. While it is open, the WAL
 * cannot begin anew.
 */
export function pinTables(path: string): PinnedTables {
  const connection = new Database(path, {
    readonly: true,
    fileMustExist: true,
    timeout: limits.database_busy_timeout_ms,
  });
  try {
    connection.exec('BEGIN');
    // The first read fixes what the transaction sees.
    const applied = connection.prepare('SELECT last_applied FROM raft_meta').pluck().get();
    assert(typeof applied === 'number', 'agenda.db without its row in raft_meta');
  } catch (error) {
    connection.close();
    throw error;
  }
  return {
    hash: () => hashTables(connection),
    close: () => void connection.close(),
  };
}

async function hashTables(connection: Database.Database): Promise<readonly TableHash[]> {
  const names = connection
    .prepare<[string], string>(
      `SELECT name FROM sqlite_schema
        WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name <> ?
        ORDER BY name`,
    )
    .pluck()
    .all(LOCAL_TABLE);
  const hashes: TableHash[] = [];
  for (const name of names) hashes.push(await hashTable(connection, name));
  return hashes;
}

async function hashTable(connection: Database.Database, name: string): Promise<TableHash> {
  const columns = connection.pragma(`table_info("${name}")`) as readonly ColumnInfo[];
  const key = columns.filter(({ pk }) => pk > 0).sort((one, other) => one.pk - other.pk);
  assert(key.length > 0, `${name} has no primary key to order it by`);
  const quoted = (some: readonly ColumnInfo[]): string =>
    some.map((column) => `"${column.name}"`).join(', ');
  const rows = connection
    .prepare<[], unknown[]>(`SELECT ${quoted(columns)} FROM "${name}" ORDER BY ${quoted(key)}`)
    .raw()
    .iterate();
  const digest = createHash('sha256').update(`${quoted(columns)}\n`);
  let count = 0;
  let slice_ends_ms = performance.now() + limits.table_hash_slice_ms;
  for (const row of rows) {
    digest.update(`${JSON.stringify(row.map(plainValue))}\n`);
    count += 1;
    if (performance.now() > slice_ends_ms) {
      await nextTurn();
      slice_ends_ms = performance.now() + limits.table_hash_slice_ms;
    }
  }
  return { name, rows: count, hash: digest.digest('hex') };
}

function plainValue(value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
}
