import { must } from '../base/assert.ts';
import { table_columns } from '../agenda/change.ts';
import type { TableName } from '../agenda/change.ts';

/** A row as better-sqlite3 gives it without names, in the order of `table_columns`. */
export type RawRow = readonly (number | string | null)[];

/** Makes the rules' rows of raw ones; `booleans`: the columns that SQLite keeps as 0 and 1. */
export function rowReader<Row>(
  table: TableName,
  booleans: readonly (keyof Row & string)[] = [],
): (raw: RawRow) => Row {
  const columns = table_columns[table];
  const is_boolean = columns.map((column) => (booleans as readonly string[]).includes(column));
  return (raw) => {
    const row: Record<string, number | string | boolean | null> = {};
    for (let at = 0; at < columns.length; at += 1) {
      const value = raw[at] ?? null;
      row[must(columns[at], 'a column without a name')] = is_boolean[at] ? value === 1 : value;
    }
    return row as Row;
  };
}

/** `SELECT` of all columns of a table in their order. */
export function selectFrom(table: TableName): string {
  return `SELECT ${table_columns[table].map((column) => `"${column}"`).join(', ')} FROM ${table}`;
}
