import type { Database, Statement, Transaction } from 'better-sqlite3';
import { assert } from '../base/assert.ts';
import { limits } from '../limits.ts';
import { AuditQueueRows, audit_queue_migration } from './audit-queue.ts';
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
  `
  CREATE TABLE node_events (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    at       INTEGER NOT NULL,
    kind     TEXT NOT NULL,
    payload  TEXT NOT NULL
  ) STRICT;

  CREATE TABLE state_to_rebuild (
    one    INTEGER PRIMARY KEY CHECK (one = 1),
    since  INTEGER NOT NULL
  ) STRICT;
  `,
  audit_queue_migration,
];

/** What happened at this replica and is of concern to operators. */
export type NodeEventKind = 'state_differs' | 'state_diverged' | 'state_rebuilt' | 'recovered';

export interface NodeEvent {
  readonly id: number;
  /** Milliseconds since 1970. */
  readonly at_ms: number;
  readonly kind: NodeEventKind;
  readonly payload: object;
}

interface NodeEventRow {
  readonly id: number;
  readonly at_ms: number;
  readonly kind: NodeEventKind;
  readonly payload: string;
}

/** node.db: what a replica remembers for itself. It is not state: never in a snapshot or a digest. */
export class NodeDatabase {
  /** Events on their way to the log. */
  readonly audit_queue: AuditQueueRows;
  readonly #database: Database;
  readonly #select: Statement<[], ClusterNodeRow>;
  readonly #replace: Transaction<(rows: readonly ClusterNodeRow[]) => void>;
  readonly #insert_event: Statement<[number, NodeEventKind, string]>;
  readonly #drop_events: Statement<[number]>;
  readonly #select_events: Statement<[number, number], NodeEventRow>;

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
    this.audit_queue = new AuditQueueRows(database);
    this.#select = database.prepare(
      `SELECT node_id, storage_id, boot_id, address, api_url, public_url, source,
              last_seen AS last_seen_ms
         FROM cluster_nodes ORDER BY node_id, storage_id`,
    );
    this.#replace = database.transaction((rows: readonly ClusterNodeRow[]) => {
      remove_all.run();
      for (const row of rows) insert.run(row);
    });
    this.#insert_event = database.prepare(
      'INSERT INTO node_events (at, kind, payload) VALUES (?, ?, ?)',
    );
    this.#drop_events = database.prepare('DELETE FROM node_events WHERE id <= ?');
    this.#select_events = database.prepare(
      `SELECT id, at AS at_ms, kind, payload FROM node_events WHERE id > ? ORDER BY id LIMIT ?`,
    );
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

  /** Keeps an event; the oldest of too many goes. */
  recordEvent(at_ms: number, kind: NodeEventKind, payload: object): void {
    const text = JSON.stringify(payload);
    assert(Buffer.byteLength(text) <= limits.node_event_bytes_max, 'an event without bound');
    const { lastInsertRowid } = this.#insert_event.run(at_ms, kind, text);
    this.#drop_events.run(Number(lastInsertRowid) - limits.node_events_max);
  }

  /**
   * The oldest events, for somebody who keeps them from now on: they are gone when `take` has returned, and
   * still there when it throws.
   */
  moveEvents(count_max: number, take: (events: readonly NodeEvent[]) => void): void {
    const [first] = this.#select_events.all(0, 1);
    if (first === undefined) return;
    this.#database
      .transaction(() => {
        const rows = this.#select_events.all(0, count_max);
        take(rows.map((row) => ({ ...row, payload: JSON.parse(row.payload) as object })));
        this.#drop_events.run(rows.at(-1)?.id ?? 0);
      })
      .immediate();
  }

  /** The state beside it was found wrong: the next start must not go on from it. */
  markStateWrong(at_ms: number): void {
    this.#database
      .prepare('INSERT INTO state_to_rebuild (one, since) VALUES (1, ?) ON CONFLICT DO NOTHING')
      .run(at_ms);
  }

  get is_state_wrong(): boolean {
    return this.#database.prepare('SELECT 1 FROM state_to_rebuild').get() !== undefined;
  }

  /** It was set aside. */
  clearStateWrong(): void {
    this.#database.prepare('DELETE FROM state_to_rebuild').run();
  }

  close(): void {
    this.#database.close();
  }
}
