import Database from 'better-sqlite3';
import { must } from '../../src/base/assert.ts';
import type { LogIndex } from '../../src/consensus/raft/entry.ts';
import { INITIAL_DIGEST } from '../../src/replica/digest-chain.ts';
import { agenda_migrations } from '../../src/storage/agenda-schema.ts';
import { migrate } from '../../src/storage/migrate.ts';

/**
 * agenda.db on a simulated disk: the real schema in memory. A killed process leaves it as it is; a power
 * cut may take everything since the last checkpoint.
 */
export class StateDisk {
  readonly #storage_id: string;
  #database: Database.Database;
  #checkpoint: { readonly image: Buffer; readonly applied_index: LogIndex } | null = null;

  constructor(storage_id: string) {
    this.#storage_id = storage_id;
    this.#database = create(storage_id);
  }

  get database(): Database.Database {
    return this.#database;
  }

  /** Entries up to here are in the state after any power cut. */
  get durable_index(): LogIndex {
    return this.#checkpoint?.applied_index ?? 0;
  }

  get applied_index(): LogIndex {
    return appliedIndexOf(this.#database);
  }

  /** Brings the state to the disk. */
  checkpoint(): LogIndex {
    const applied_index = appliedIndexOf(this.#database);
    if (applied_index > this.durable_index) {
      this.#checkpoint = { image: this.#database.serialize(), applied_index };
    }
    return this.durable_index;
  }

  /** What a power cut leaves when the kernel had written nothing by itself since the checkpoint. */
  fallBack(): void {
    this.#database.close();
    this.#database =
      this.#checkpoint === null ? create(this.#storage_id) : new Database(this.#checkpoint.image);
  }

  /** A snapshot takes the place of all there is, durably. */
  install(image: Buffer): void {
    this.#database.close();
    this.#database = new Database(image);
    this.#database.prepare('UPDATE raft_meta SET storage_id = ?').run(this.#storage_id);
    const applied_index = appliedIndexOf(this.#database);
    this.#checkpoint = { image: this.#database.serialize(), applied_index };
  }

  /** The file is gone. */
  lose(): void {
    this.#checkpoint = null;
    this.fallBack();
  }

  close(): void {
    this.#database.close();
  }
}

/** The schema with nothing in it: made once, for what it costs. */
let empty_image: Buffer | null = null;

function emptyImage(): Buffer {
  const database = new Database(':memory:');
  migrate(database, agenda_migrations);
  const image = database.serialize();
  database.close();
  return image;
}

function create(storage_id: string): Database.Database {
  empty_image ??= emptyImage();
  const database = new Database(empty_image);
  database.pragma('foreign_keys = 1');
  database
    .prepare<[string, string]>(
      `INSERT INTO raft_meta (one, storage_id, last_applied, digest, state_time) VALUES (1, ?, 0, ?, 0)`,
    )
    .run(storage_id, INITIAL_DIGEST);
  return database;
}

function appliedIndexOf(database: Database.Database): LogIndex {
  const applied = database.prepare<[], LogIndex>('SELECT last_applied FROM raft_meta').pluck();
  return must(applied.get(), 'a state without an applied index');
}
