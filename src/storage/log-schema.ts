import { randomUUID } from 'node:crypto';
import type { MigrationStep } from './migrate.ts';

/**
 * Schema of raft.db.
 *
 * `raft_log.position` is the group's number and the entry's index in one integer: appending to a table
 * with an integer key writes the fewest pages (by a composite key, a fifth more CPU per entry).
 */
export const log_migrations: readonly MigrationStep[] = [
  (database) => {
    database.exec(`
      CREATE TABLE raft_identity (
        one         INTEGER PRIMARY KEY CHECK (one = 1),
        storage_id  TEXT NOT NULL,
        cluster_id  TEXT,
        promise     TEXT
      ) STRICT;

      CREATE TABLE raft_meta (
        group_number          INTEGER PRIMARY KEY,
        group_id              TEXT NOT NULL UNIQUE,
        current_term          INTEGER NOT NULL,
        voted_for             TEXT,
        voted_for_storage_id  TEXT,
        commit_index          INTEGER NOT NULL,
        CHECK ((voted_for IS NULL) = (voted_for_storage_id IS NULL))
      ) STRICT;

      CREATE TABLE raft_log (
        position    INTEGER PRIMARY KEY,
        group_id    TEXT NOT NULL,
        idx         INTEGER NOT NULL,
        term        INTEGER NOT NULL,
        kind        INTEGER NOT NULL,
        request_id  TEXT NOT NULL,
        command     BLOB NOT NULL,
        checksum    INTEGER NOT NULL
      ) STRICT;
    `);
    // In the transaction that makes the database: there is no raft.db without an identity.
    database.prepare('INSERT INTO raft_identity (one, storage_id) VALUES (1, ?)').run(randomUUID());
  },
  // What a group's log rests on since it was cut: the entry before its first one, and who voted there.
  `
  CREATE TABLE raft_base (
    group_number         INTEGER PRIMARY KEY,
    idx                  INTEGER NOT NULL,
    term                 INTEGER NOT NULL,
    configuration_index  INTEGER NOT NULL,
    configuration        BLOB NOT NULL,
    CHECK (configuration_index <= idx)
  ) STRICT;
  `,
];
