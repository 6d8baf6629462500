import type { Database, Statement, Transaction } from 'better-sqlite3';
import { assert } from '../base/assert.ts';
import { limits } from '../limits.ts';
import { openDatabase } from './database.ts';
import { migrate } from './migrate.ts';
import type { MigrationStep } from './migrate.ts';

/** A replica as the address book knows it: where it is, not whether it votes. */
export interface ClusterNodeRow {
  readonly node_id: string;
  readonly storage_id: string;
  /** Of its running process. */
  readonly boot_id: string;
  /** `host:port` for other replicas. */
  readonly address: string;
  /** Origin of its API on the replicas' network. */
  readonly api_url: string;
  /** Origin by which clients reach this very replica; null: they cannot. */
  readonly public_url: string | null;
  /** How it became known. */
  readonly source: 'seed' | 'join' | 'gossip' | 'stored';
  /** Milliseconds since 1970. */
  readonly last_seen_ms: number;
}

const node_migrations: readonly MigrationStep[] = [
  `
  CREATE TABLE cluster_nodes (
    node_id      TEXT NOT NULL,
    storage_id   TEXT NOT NULL,
    boot_id      TEXT NOT NULL,
    address      TEXT NOT NULL,
    api_url      TEXT NOT NULL,
    public_url   TEXT,
    source       TEXT NOT NULL,
    last_seen    INTEGER NOT NULL,
    PRIMARY KEY (node_id, storage_id)
  ) STRICT, WITHOUT ROWID;
  `,
];

/** node.db: what a replica remembers for itself. It is not state: never in a snapshot or a digest. */
export class NodeDatabase {
  readonly #database: Database;
  readonly #select: Statement<[], ClusterNodeRow>;
  readonly #replace: Transaction<(rows: readonly ClusterNodeRow[]) => void>;

  constructor(path: string) {
    const database = openDatabase({ path, synchronous: 'normal' });
    try {
      migrate(database, node_migrations);
    } catch (error) {
      database.close();
      throw error;
    }
    const remove_all = database.prepare('DELETE FROM cluster_nodes');
    const insert = database.prepare<[ClusterNodeRow]>(
      `INSERT INTO cluster_nodes
         (node_id, storage_id, boot_id, address, api_url, public_url, source, last_seen)
       VALUES
         (@node_id, @storage_id, @boot_id, @address, @api_url, @public_url, @source, @last_seen_ms)`,
    );
    this.#database = database;
    this.#select = database.prepare(
      `SELECT node_id, storage_id, boot_id, address, api_url, public_url, source,
              last_seen AS last_seen_ms
         FROM cluster_nodes ORDER BY node_id, storage_id`,
    );
    this.#replace = database.transaction((rows: readonly ClusterNodeRow[]) => {
      remove_all.run();
      for (const row of rows) insert.run(row);
    });
  }

  /** The address book as it is now; replaces what was saved before. */
  saveNodes(rows: readonly ClusterNodeRow[]): void {
    assert(rows.length <= limits.address_book_max, 'an address book without bound');
    this.#replace.immediate(rows);
  }

  /** By node id, then storage id. */
  loadNodes(): readonly ClusterNodeRow[] {
    return this.#select.all();
  }

  close(): void {
    this.#database.close();
  }
}
