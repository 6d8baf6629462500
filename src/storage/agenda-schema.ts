import type { MigrationStep } from './migrate.ts';

/** Longer ones are found by an index of their own, so that a range read looks back no further. */
export const LONG_OCCURRENCE_MS = 86_400_000;

/**
 * Schema of agenda.db, the replicated state. Keys are integers that grow with the log, so a row goes to
 * the end of its table. Columns carry the names of the rules' rows.
 *
 * `raft_applied.scope_head` is the first 48 bits of the scope: the one index on a random value there is,
 * so its entries are kept small.
 */
export const agenda_migrations: readonly MigrationStep[] = [
  `
  CREATE TABLE raft_meta (
    one           INTEGER PRIMARY KEY CHECK (one = 1),
    storage_id    TEXT NOT NULL,
    last_applied  INTEGER NOT NULL,
    digest        TEXT NOT NULL,
    state_time    INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE raft_applied (
    entry_index  INTEGER PRIMARY KEY,
    scope_head   INTEGER NOT NULL,
    scope_hash   BLOB NOT NULL,
    fingerprint  BLOB NOT NULL,
    answer       TEXT NOT NULL,
    expires_at   INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX raft_applied_by_scope ON raft_applied (scope_head);
  CREATE INDEX raft_applied_by_expiry ON raft_applied (expires_at);

  CREATE TABLE users (
    "key"                INTEGER PRIMARY KEY,
    username             TEXT NOT NULL,
    username_folded      TEXT NOT NULL UNIQUE,
    email                TEXT NOT NULL,
    email_folded         TEXT NOT NULL UNIQUE,
    display_name         TEXT NOT NULL,
    display_name_folded  TEXT NOT NULL,
    password_hash        TEXT NOT NULL,
    token_version        INTEGER NOT NULL,
    token_version_index  INTEGER NOT NULL,
    time_zone            TEXT NOT NULL,
    locale               TEXT NOT NULL,
    share_busy           INTEGER NOT NULL,
    version              INTEGER NOT NULL,
    origin_node          TEXT NOT NULL,
    created_at           INTEGER NOT NULL,
    updated_at           INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE calendars (
    "key"        INTEGER PRIMARY KEY,
    owner_key    INTEGER NOT NULL,
    is_default   INTEGER NOT NULL,
    version      INTEGER NOT NULL,
    origin_node  TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX calendars_default ON calendars (owner_key) WHERE is_default = 1;

  CREATE TABLE appointments (
    "key"          INTEGER PRIMARY KEY,
    owner_key      INTEGER NOT NULL,
    calendar_key   INTEGER NOT NULL,
    uid            TEXT,
    title          TEXT NOT NULL,
    description    TEXT NOT NULL,
    start          INTEGER NOT NULL,
    "end"          INTEGER NOT NULL,
    all_day        INTEGER NOT NULL,
    time_zone      TEXT NOT NULL,
    start_offset_s INTEGER NOT NULL,
    end_offset_s   INTEGER NOT NULL,
    privacy        TEXT NOT NULL,
    busy           INTEGER NOT NULL,
    status         TEXT NOT NULL,
    sequence       INTEGER NOT NULL,
    version        INTEGER NOT NULL,
    changed_index  INTEGER NOT NULL,
    origin_node    TEXT NOT NULL,
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL,
    cancelled_at   INTEGER,
    remembered_until INTEGER
  ) STRICT;
  CREATE INDEX appointments_cancelled ON appointments (cancelled_at) WHERE cancelled_at IS NOT NULL;

  CREATE TABLE appointment_versions (
    appointment_key  INTEGER NOT NULL,
    version          INTEGER NOT NULL,
    expires_at       INTEGER NOT NULL,
    bytes            INTEGER NOT NULL,
    calendar_key     INTEGER NOT NULL,
    title            TEXT NOT NULL,
    description      TEXT NOT NULL,
    start            INTEGER NOT NULL,
    "end"            INTEGER NOT NULL,
    all_day          INTEGER NOT NULL,
    time_zone        TEXT NOT NULL,
    start_offset_s   INTEGER NOT NULL,
    end_offset_s     INTEGER NOT NULL,
    privacy          TEXT NOT NULL,
    busy             INTEGER NOT NULL,
    status           TEXT NOT NULL,
    sequence         INTEGER NOT NULL,
    origin_node      TEXT NOT NULL,
    updated_at       INTEGER NOT NULL,
    PRIMARY KEY (appointment_key, version)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX appointment_versions_expiry ON appointment_versions (expires_at);

  CREATE TABLE tombstones (
    "key"          INTEGER PRIMARY KEY,
    calendar_key   INTEGER NOT NULL,
    uid            TEXT,
    changed_index  INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX tombstones_expiry ON tombstones (expires_at);

  CREATE TABLE occurrences (
    person_key       INTEGER NOT NULL,
    start            INTEGER NOT NULL,
    "end"            INTEGER NOT NULL CHECK ("end" > start),
    appointment_key  INTEGER NOT NULL,
    busy             INTEGER NOT NULL,
    PRIMARY KEY (person_key, start, appointment_key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX occurrences_long ON occurrences (person_key, "end")
    WHERE "end" - start > ${LONG_OCCURRENCE_MS};

  CREATE TABLE audit_logs (
    "key"        INTEGER PRIMARY KEY,
    component    TEXT NOT NULL,
    action       TEXT NOT NULL,
    actor_key    INTEGER,
    object_key   INTEGER,
    request_id   TEXT NOT NULL,
    origin_node  TEXT NOT NULL,
    occurred_at  INTEGER NOT NULL
  ) STRICT;
  `,
  // With them the state tells where it stands in a log that need not be there. A state that was made before
  // cannot: it belongs to nobody now, and the log, never cut until then, builds it again.
  `
  CREATE TABLE raft_place (
    one                  INTEGER PRIMARY KEY CHECK (one = 1),
    term                 INTEGER NOT NULL,
    configuration_index  INTEGER,
    configuration        BLOB,
    CHECK ((configuration_index IS NULL) = (configuration IS NULL))
  ) STRICT;
  UPDATE raft_meta SET storage_id = '' WHERE last_applied > 0;
  `,
];
