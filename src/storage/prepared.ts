import type { Database, Statement } from 'better-sqlite3';
import type { TableName } from '../agenda/change.ts';
import type { Key } from '../agenda/model.ts';
import { selectFrom } from './row-reader.ts';
import type { RawRow } from './row-reader.ts';

/** A statement that gives rows without names. */
export function prepareRaw<Parameters extends unknown[]>(
  database: Database,
  sql: string,
): Statement<Parameters, RawRow> {
  return database.prepare<Parameters, RawRow>(sql).raw();
}

/** The row with a key, or null. */
export function prepareByKey<Row>(
  database: Database,
  table: TableName,
  rowOf: (raw: RawRow) => Row,
): (key: Key) => Row | null {
  const statement = prepareRaw<[Key]>(database, `${selectFrom(table)} WHERE "key" = ?`);
  return (key) => oneOrNull(statement.get(key), rowOf);
}

/** A row that may not be there. */
export function oneOrNull<Row>(raw: RawRow | undefined, rowOf: (raw: RawRow) => Row): Row | null {
  return raw === undefined ? null : rowOf(raw);
}
