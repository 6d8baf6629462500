import { chainEarlierRows } from './chain-earlier-rows.ts';
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
  // Groups, people on appointments, what they are told. What was there is nobody's but its owner's.
  `
  ALTER TABLE appointments ADD COLUMN group_key INTEGER;
  CREATE INDEX appointments_by_group ON appointments (group_key) WHERE group_key IS NOT NULL;
  ALTER TABLE appointments ADD COLUMN follow_group INTEGER NOT NULL DEFAULT 1;
  ALTER TABLE appointments ADD COLUMN version_status TEXT NOT NULL DEFAULT 'accepted';
  UPDATE appointments SET version_status = status;
  ALTER TABLE occurrences RENAME COLUMN person_key TO agenda_key;
  ALTER TABLE occurrences ADD COLUMN status TEXT NOT NULL DEFAULT 'accepted';

  CREATE TABLE participants (
    "key"            INTEGER PRIMARY KEY,
    appointment_key  INTEGER NOT NULL,
    user_key         INTEGER NOT NULL,
    status           TEXT NOT NULL,
    is_optional      INTEGER NOT NULL,
    by_group         INTEGER NOT NULL,
    by_name          INTEGER NOT NULL,
    note             TEXT,
    version          INTEGER NOT NULL,
    origin_node      TEXT NOT NULL,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    UNIQUE (appointment_key, user_key)
  ) STRICT;

  CREATE TABLE proposals (
    "key"            INTEGER PRIMARY KEY,
    appointment_key  INTEGER NOT NULL,
    user_key         INTEGER NOT NULL,
    start            INTEGER NOT NULL,
    "end"            INTEGER NOT NULL,
    start_offset_s   INTEGER NOT NULL,
    end_offset_s     INTEGER NOT NULL,
    all_day          INTEGER NOT NULL,
    time_zone        TEXT NOT NULL,
    note             TEXT,
    sequence         INTEGER NOT NULL,
    status           TEXT NOT NULL,
    version          INTEGER NOT NULL,
    origin_node      TEXT NOT NULL,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX proposals_by_appointment ON proposals (appointment_key);

  CREATE TABLE objections (
    "key"            INTEGER PRIMARY KEY,
    appointment_key  INTEGER NOT NULL,
    user_key         INTEGER NOT NULL,
    note             TEXT NOT NULL,
    version          INTEGER NOT NULL,
    origin_node      TEXT NOT NULL,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    UNIQUE (appointment_key, user_key)
  ) STRICT;

  CREATE TABLE groups (
    "key"        INTEGER PRIMARY KEY,
    name         TEXT NOT NULL,
    description  TEXT NOT NULL,
    group_type   TEXT NOT NULL,
    creator_key  INTEGER NOT NULL,
    version      INTEGER NOT NULL,
    origin_node  TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    deleted_at   INTEGER
  ) STRICT;
  CREATE INDEX groups_deleted ON groups (deleted_at) WHERE deleted_at IS NOT NULL;

  CREATE TABLE members (
    "key"        INTEGER PRIMARY KEY,
    group_key    INTEGER NOT NULL,
    user_key     INTEGER NOT NULL,
    rank         INTEGER NOT NULL,
    added_by     INTEGER NOT NULL,
    joined_at    INTEGER NOT NULL,
    version      INTEGER NOT NULL,
    origin_node  TEXT NOT NULL,
    updated_at   INTEGER NOT NULL,
    UNIQUE (group_key, user_key)
  ) STRICT;
  CREATE INDEX members_by_user ON members (user_key, group_key);

  CREATE TABLE notifications (
    "key"            INTEGER PRIMARY KEY,
    user_key         INTEGER NOT NULL,
    number           INTEGER NOT NULL,
    type             TEXT NOT NULL,
    actor_key        INTEGER,
    subject_key      INTEGER,
    group_key        INTEGER,
    appointment_key  INTEGER,
    proposal_key     INTEGER,
    post_key         INTEGER,
    read_at          INTEGER,
    version          INTEGER NOT NULL,
    origin_node      TEXT NOT NULL,
    created_at       INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX notifications_by_user ON notifications (user_key);
  CREATE INDEX notifications_unread ON notifications (user_key) WHERE read_at IS NULL;

  CREATE TABLE posts (
    "key"        INTEGER PRIMARY KEY,
    author_key   INTEGER NOT NULL,
    group_key    INTEGER,
    content      TEXT NOT NULL,
    version      INTEGER NOT NULL,
    origin_node  TEXT NOT NULL,
    created_at   INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX posts_by_group ON posts (group_key);

  CREATE TABLE work (
    "key"        INTEGER PRIMARY KEY,
    kind         TEXT NOT NULL,
    group_key    INTEGER NOT NULL,
    user_key     INTEGER,
    actor_key    INTEGER NOT NULL,
    after_start  INTEGER NOT NULL,
    after_key    INTEGER NOT NULL,
    version      INTEGER NOT NULL,
    origin_node  TEXT NOT NULL,
    created_at   INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX work_by_group ON work (group_key);

  CREATE TABLE earlier_rows (
    kind        TEXT NOT NULL,
    "key"       INTEGER NOT NULL,
    version     INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    bytes       INTEGER NOT NULL,
    content     TEXT NOT NULL,
    PRIMARY KEY (kind, "key", version)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX earlier_rows_expiry ON earlier_rows (expires_at);
  `,
  // The audit: levels, payloads, events of replicas, a chain over all rows.
  `
  ALTER TABLE audit_logs ADD COLUMN level TEXT NOT NULL DEFAULT 'info';
  ALTER TABLE audit_logs ADD COLUMN payload TEXT;
  ALTER TABLE audit_logs ADD COLUMN payload_hash TEXT;
  ALTER TABLE audit_logs ADD COLUMN count INTEGER NOT NULL DEFAULT 1;
  ALTER TABLE audit_logs ADD COLUMN chain TEXT;
  CREATE INDEX audit_logs_by_time ON audit_logs (occurred_at);

  CREATE TABLE audit_chain (
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    anchor_key  INTEGER NOT NULL,
    anchor      TEXT NOT NULL,
    head_key    INTEGER NOT NULL,
    head        TEXT NOT NULL
  ) STRICT;

  CREATE TABLE audit_sources (
    "key"          INTEGER PRIMARY KEY,
    node_id        TEXT NOT NULL,
    run_id         TEXT NOT NULL,
    last_id        INTEGER NOT NULL,
    changed_index  INTEGER NOT NULL,
    version        INTEGER NOT NULL,
    UNIQUE (node_id, run_id)
  ) STRICT;
  `,
  chainEarlierRows,
];
