import type { Database } from 'better-sqlite3';
import { assert } from '../base/assert.ts';
import { decodeConfiguration, encodeConfiguration } from '../consensus/raft/configuration-codec.ts';
import type { LogBase } from '../consensus/raft/log-base.ts';

/** A group's row in `raft_base`. */
export interface LogBaseRow {
  /** Null: the log was never cut. */
  read(): LogBase | null;
  /** Within the transaction that deletes what lies before. */
  write(base: LogBase): void;
}

interface Row {
  readonly idx: number;
  readonly term: number;
  readonly configuration_index: number;
  readonly configuration: Buffer;
}

export function prepareLogBase(database: Database, group_number: number): LogBaseRow {
  const select = database.prepare<[number], Row>(
    `SELECT idx, term, configuration_index, configuration FROM raft_base WHERE group_number = ?`,
  );
  const replace = database.prepare<[number, number, number, number, Uint8Array]>(
    `INSERT OR REPLACE INTO raft_base (group_number, idx, term, configuration_index, configuration)
       VALUES (?, ?, ?, ?, ?)`,
  );
  return {
    read() {
      const row = select.get(group_number);
      if (row === undefined) return null;
      const configuration = decodeConfiguration(row.configuration);
      const { idx: index, term, configuration_index } = row;
      return { index, term, configuration: { index: configuration_index, configuration } };
    },
    write({ index, term, configuration: placed }) {
      assert(database.inTransaction, 'a cut goes with what it deletes');
      assert(placed.index >= 1 && placed.index <= index, 'a configuration from beyond the cut');
      replace.run(
        group_number,
        index,
        term,
        placed.index,
        encodeConfiguration(placed.configuration),
      );
    },
  };
}
