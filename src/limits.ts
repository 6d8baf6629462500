import { audit_limits } from './audit-limits.ts';
import { assert } from './base/assert.ts';
import { people_limits } from './people-limits.ts';
import { reading_limits } from './reading-limits.ts';
import { rpc_limits } from './rpc-limits.ts';

/** Every bound there is. What can grow without one of these is a defect. */
export const limits = {
  /** Bytes of entries in one AppendEntries. */
  append_bytes_max: 1024 * 1024,
  /** Entries in one AppendEntries. */
  append_entries_max: 1024,
  /** Entries a leader has appended and not yet committed; beyond it proposals are refused. */
  uncommitted_entries_max: 16_384,
  uncommitted_bytes_max: 16 * 1024 * 1024,
  /** Recent entries kept in memory, beyond those not yet applied. */
  log_tail_bytes_max: 32 * 1024 * 1024,
  /** Entries deleted from the log in one transaction: a write that comes meanwhile waits for it. */
  log_cut_slice_entries: 2_000,
  /** For a peer that answers and lags, the log keeps so many times `SNAPSHOT_ENTRIES`. */
  log_kept_for_peers_factor: 4,
  /** Bytes of a snapshot's file in one message. */
  snapshot_chunk_bytes_max: 256 * 1024,
  /** Members that snapshots are sent to at the same time. */
  snapshots_sent_at_once: 2,
  /** Chunks that wait to be stored: a leader sends one after the other. */
  snapshot_questions_max: 8,
  /** A snapshot's file that nobody was sent for so long is deleted. */
  snapshot_unused_ms: 60_000,
  /** Reads waiting for a round of heartbeats. */
  pending_reads_max: 16_384,
  /** Transfers of leadership, and changes of membership, that are waited for: operators ask for them. */
  pending_controls_max: 64,
  /** A learner that lacks no more entries than this has caught up: what a busy leader has on its way. */
  learner_lag_entries_max: 1_024,
  /** Removed members that are remembered, so that they are not taken in again. */
  removed_members_max: 256,
  /** For the sake of `LEADER_PRIORITY`, leadership moves once in this time at most. */
  leader_priority_pause_ms: 60_000,
  /** Entries applied in one transaction. */
  apply_entries_max: 64,
  /** Rows written in one transaction after which no other entry is begun: large ones are alone in theirs. */
  apply_rows_max: 2_000,
  /** How long one turn of applying may keep the event loop. */
  apply_slice_ms: 8,
  /** Requests waiting for their entry to be applied. */
  pending_proposals_max: 16_384,
  /** A request's outcome is known, or said to be unknown, within this. */
  request_deadline_ms: 4_500,
  /** One command, encoded. */
  command_bytes_max: 512 * 1024,
  /** Writes that this replica has sent to the leader and waits for; each has a connection. */
  forwards_in_flight_max: 256,
  /** Method, path, header fields and token of a write that is forwarded, each: as long as Node takes them. */
  forwarded_text_characters_max: 16 * 1024,
  /** Body of a request from a client. */
  http_body_bytes_max: 256 * 1024,
  /** Of a body that is too large, so much is still read and thrown away, so that the answer arrives. */
  http_drain_bytes_max: 16 * 1024 * 1024,
  /** `X-Request-Id` of a client. */
  request_id_characters_max: 128,
  /** `Idempotency-Key` of a client. */
  idempotency_key_characters_max: 255,
  /** Fields named in one refusal of a body. */
  problem_errors_max: 50,
  /** Before it refuses, a log-in waits this long to see what a majority knows. */
  login_barrier_ms: 2_000,
  /** Digests of recent indexes kept to compare replicas. */
  digests_kept: 4_096,
  /** Replicas compare their states this often; one that is behind is asked again, so often, after this. */
  state_compare_interval_ms: 5_000,
  state_compare_attempts: 8,
  state_compare_retry_ms: 250,
  /** States set aside within this time, and in all; beyond either somebody has to look first. */
  states_set_aside_max: 3,
  states_set_aside_within_ms: 24 * 60 * 60 * 1000,
  states_set_aside_in_all_max: 10,
  /** Tables of the state. */
  tables_max: 64,
  /** Hashing the tables for `agenda check --deep` keeps the event loop no longer than this at once. */
  table_hash_slice_ms: 5,
  /** An operator's question about a state waits for its index at most so long. */
  state_check_wait_ms_max: 30_000,
  /** A change of members, and a transfer of leadership, that an operator asks for end within these. */
  members_change_timeout_ms: 15_000,
  transfer_timeout_ms: 5_000,
  /** An operator's call is answered within this. */
  operator_call_timeout_ms: 120_000,
  /** Events of this replica alone, kept in node.db until they are taken from there; the oldest go first. */
  node_events_max: 10_000,
  node_event_bytes_max: 4_096,
  ...audit_limits,
  /** Events kept by the change feed for its subscribers, and names in their audiences. */
  change_feed_events_max: 16_384,
  change_feed_audience_max: 1_000_000,
  /** Request keys remembered, for a day of state time; tickets for two minutes. */
  request_keys_max: 1_000_000,
  request_key_ttl_ms: 24 * 60 * 60 * 1000,
  ticket_key_ttl_ms: 120_000,
  /** Answer stored under a request key, and all of them. */
  stored_answer_bytes_max: 1_024,
  stored_answers_bytes_max: 64 * 1024 * 1024,
  /** How long a redirect ticket is valid. */
  ticket_ttl_ms: 30_000,
  /** How long a ticket for a WebSocket is valid. */
  live_ticket_ttl_ms: 30_000,
  /** WebSockets at one replica, and of one person there. */
  live_connections_max: 16_384,
  live_connections_per_user_max: 32,
  /** Channels of one WebSocket. */
  live_channels_max: 256,
  /** A message of a client, in bytes: RFC 6455, section 10.4, leaves it to the server. */
  live_message_bytes_max: 64 * 1024,
  /** Messages of a client at once, and for ever after; so many channels count as a message. */
  live_messages_burst: 64,
  live_messages_per_s: 8,
  live_channels_per_message: 16,
  /** Messages that are wrong or too many, before the connection is closed; one is forgiven after the time. */
  live_faults_max: 16,
  live_fault_forgiven_s: 10,
  /** Bytes that wait to be sent to a client: of live events, beyond which it is closed as too slow. */
  live_buffered_bytes_max: 512 * 1024,
  /** The same while it gets what it missed: sending pauses. */
  live_catch_up_buffered_bytes: 128 * 1024,
  live_catch_up_pause_ms: 20,
  /** One turn of sending keeps the event loop no longer than this. */
  live_slice_ms: 5,
  /** Every so often a client is told how far it is, and asked for a sign of life. */
  live_cursor_every_ms: 15_000,
  /** Signs of life that may be missing in a row. */
  live_pings_missed_max: 2,
  /** A closed connection that does not say goodbye ends after this. */
  live_goodbye_ms: 5_000,
  /** How often a replica looks whether there is news of the cluster to tell. */
  live_cluster_look_every_ms: 1_000,
  /** Password hashes computed at the same time. */
  password_hashes_at_once: 2,
  /** Password hashes waiting for their turn. */
  password_hashes_waiting_max: 256,
  /** Threads that hash, look up names and read files: what libuv has unless told otherwise. */
  libuv_threads: 4,
  /** Wrong passwords for an account from one address, and from all, within the time. */
  wrong_passwords_per_address_max: 100,
  wrong_passwords_max: 300,
  wrong_passwords_within_s: 600,
  /** Accounts and addresses are counted in so many buckets: what guessing can make us remember. */
  wrong_passwords_buckets: 16_384,
  /** Registrations at one replica. */
  registrations_per_minute_max: 1_200,
  /** Verified tokens remembered. */
  token_cache_max: 10_000,
  ...reading_limits,
  ...rpc_limits,
  username_characters_min: 3,
  username_characters_max: 64,
  password_characters_min: 8,
  password_characters_max: 256,
  /** RFC 5321, section 4.5.3.1.3, without the angle brackets. */
  email_bytes_max: 254,
  display_name_characters_max: 100,
  locale_characters_max: 64,
  /** Text that users are searched by. */
  user_search_characters_max: 100,
  /** Users found in one answer, and unless asked otherwise. */
  user_search_items_max: 1_000,
  user_search_items_default: 100,
  /** Users looked at in one turn of the event loop, and in one answer. */
  user_search_slice_rows: 2_000,
  user_search_rows_max: 100_000,
  ...people_limits,
  /** Names of time zones found valid, remembered. */
  time_zone_cache_max: 1_024,
  title_characters_max: 200,
  description_characters_max: 10_000,
  /** A cancelled appointment can be restored for so long; then it is gone for good. */
  cancelled_kept_ms: 30 * 24 * 60 * 60 * 1000,
  /** What is gone leaves a tombstone for so long. */
  tombstone_kept_ms: 400 * 24 * 60 * 60 * 1000,
  /** The state before a change is kept at least so long, for answers that are on their way. */
  answer_window_ms: 10_000,
  /** Earlier versions of appointments and of other rows, kept for replayed answers. */
  appointment_versions_bytes_max: 192 * 1024 * 1024,
  /** Rows of all kinds that expire with one command, within the bound of its rows: more than it can add. */
  rows_expired_per_command: 640,
  /** A deleted group's name stays for what tells of it, and for those who ask again for an answer. */
  deleted_group_kept_ms: 91 * 24 * 60 * 60 * 1000,
  /** Versions named in one `If-Match`. */
  if_match_versions_max: 100,
  /** How often a change that was computed from a state is computed again when that has changed. */
  recompute_attempts_max: 8,
  /** Time zones, and stretches of constant offset in each, that are remembered. */
  zone_offsets_cached_max: 256,
  offsets_per_zone_cached_max: 16,
  /** Row writes of one command, with what expires. */
  rows_per_command_max: 2_000,
  /** Events of one command, with all its consequences. */
  events_per_command_max: 4_096,
  /** A command and all that follows from it in the same transaction. */
  consequences_per_command_max: 64,
  /** Overlapping appointments named in a refusal. */
  conflict_overlaps_max: 20,
  /** Forgotten request keys deleted while one command is applied: more than it can add. */
  request_keys_pruned_per_command: 4,
  /** Users, and default calendars, kept in memory by the view. */
  user_cache_max: 10_000,
  /** Beyond this the WAL of the state is begun anew: a passive checkpoint alone lets it grow. */
  state_wal_restart_bytes: 16 * 1024 * 1024,
  /** Beyond this its file is cut as well. */
  state_wal_truncate_bytes: 128 * 1024 * 1024,
  /** Beginning it anew holds writers up; when a reader is in the way it gives up after this. */
  checkpoint_busy_timeout_ms: 5,
  /** How long a database connection waits for the lock of another. */
  database_busy_timeout_ms: 5_000,
  /**
   * Below so many free bytes, or so large a share of the file system if that is less, a replica is short
   * of space; it is again well off at so many times that.
   */
  storage_low_bytes: 256 * 1024 * 1024,
  storage_low_share: 0.1,
  storage_high_factor: 1.5,
  storage_look_every_ms: 1_000,
  /** A leader that is short of space waits so long for another to lead, and tries so often. */
  storage_hand_over_ms: 2_000,
  storage_hand_over_every_ms: 30_000,
  /** What found no space on the disk is written again after this. */
  disk_full_retry_ms: 500,
  /** The same for applying, which may also wait for an entry that is fetched from the others. */
  apply_retry_ms: 500,
  /** Damaged entries in a log that are fetched from the others; one with more is given up. */
  damaged_entries_max: 10_000,
  /** Pauses between two attempts to fetch a damaged entry from the others; they double. */
  log_repair_pause_ms_min: 250,
  log_repair_pause_ms_max: 5_000,
  /** Before a damaged entry that others have cut is given up for a snapshot: about 8 s of asking. */
  log_repair_attempts_before_snapshot: 5,
  /** Replicas that may form the first configuration. */
  cluster_size_max: 64,
  /** Addresses dialled at the same time to find other replicas. */
  discovery_calls_at_once: 16,
  /** Pauses between two looks at the other replicas: while the cluster forms, and later. */
  discovery_forming_pause_ms: 250,
  discovery_formed_pause_ms: 10_000,
  /** An address that does not answer is tried again within this, while the cluster forms. */
  discovery_forming_retry_ms_max: 2_000,
  /** A replica announces itself again after this: often enough not to age out. */
  discovery_announce_every_ms: 30_000,
  /** How often a leader looks for replicas that announced themselves and are no members. */
  membership_look_every_ms: 1_000,
  /** A change of membership that has not come to an end by then is asked for again. */
  membership_change_ms: 10_000,
  /** Addresses in the book. */
  address_book_max: 256,
  /** Nodes not seen for this long are no longer dialled. */
  address_ttl_ms: 120_000,
  /** Nodes not heard for this long are shown as unhealthy. */
  healthy_within_ms: 30_000,
} as const;

assert(
  limits.append_bytes_max * 2 <= limits.rpc_body_bytes_max,
  'an append with one oversized last entry must fit a message',
);
assert(limits.command_bytes_max <= limits.append_bytes_max, 'a command must fit an append');
assert(limits.http_body_bytes_max < limits.command_bytes_max, 'a body must fit a command');
assert(limits.rpc_timeout_ms < limits.request_deadline_ms, 'a request outlives one lost message');
assert(
  limits.rpc_timeout_ms <= limits.rpc_durable_timeout_ms,
  'a write to a disk is not given less time than an answer from memory',
);
assert(
  limits.uncommitted_bytes_max < limits.log_tail_bytes_max,
  'uncommitted entries stay in memory',
);
assert(
  limits.password_hashes_at_once <= limits.libuv_threads / 2,
  'names are looked up and files read while passwords are hashed',
);
assert(
  limits.wrong_passwords_per_address_max < limits.wrong_passwords_max,
  'one address alone does not lock an account for all others',
);
assert(limits.registrations_per_minute_max >= 60, 'honest people are let in');
assert(limits.user_search_slice_rows > limits.user_search_items_max, 'a slice can fill a page');
assert(
  limits.search_piece_characters <= limits.search_slice_characters,
  'a turn of a search has room for a piece',
);
assert(
  limits.agenda_snapshots_per_person_max < limits.agenda_snapshots_max,
  'one person leaves large agendas to the others',
);
assert(
  // In UTF-16 a character takes two at most.
  2 * (limits.title_characters_max + limits.description_characters_max) <
    limits.agenda_slice_characters,
  'a turn of an agenda has room for an appointment',
);
assert(limits.login_barrier_ms < limits.request_deadline_ms, 'a log-in is answered in time');
assert(
  limits.checkpoint_busy_timeout_ms < limits.database_busy_timeout_ms,
  'applying outlasts a checkpoint',
);
assert(
  limits.state_wal_restart_bytes < limits.state_wal_truncate_bytes,
  'a WAL is begun anew before it is cut',
);
assert(
  limits.state_wal_truncate_bytes < limits.agenda_snapshot_wal_bytes_max,
  'a WAL is cut before large agendas are refused for it',
);
assert(
  limits.request_key_ttl_ms < limits.cancelled_kept_ms,
  'an appointment outlives the keys that can ask for it',
);
assert(
  limits.answer_window_ms > limits.request_deadline_ms,
  'a request is answered with the state it made',
);
assert(
  limits.stored_answers_bytes_max + limits.appointment_versions_bytes_max <= 256 * 1024 * 1024,
  'what answers are built from again has 256 MiB in all',
);
assert(limits.ticket_ttl_ms < limits.ticket_key_ttl_ms, 'a ticket is remembered longer than valid');
assert(
  limits.ticket_ttl_ms + limits.rpc_clock_skew_ms + limits.request_deadline_ms <
    limits.ticket_key_ttl_ms,
  'a ticket that is forwarded at the last moment is still remembered',
);
assert(limits.live_slice_ms < 10, 'no slice of sending blocks the loop for more than 10 ms');
assert(
  limits.live_catch_up_buffered_bytes < limits.live_buffered_bytes_max,
  'nobody is too slow for what was sent to catch up',
);
assert(limits.cluster_size_max < limits.address_book_max, 'the book holds all members');
assert(
  limits.discovery_announce_every_ms + limits.discovery_formed_pause_ms < limits.address_ttl_ms / 2,
  'one lost announcement does not age a replica out',
);
assert(
  limits.states_set_aside_max < limits.states_set_aside_in_all_max,
  'unrelated incidents do not count together',
);
assert(
  // Of each person on it: participant, earlier row, two of their agenda, a notification, one that goes.
  limits.participants_max * 6 + limits.work_slice_rows < limits.rows_per_command_max,
  'moving an appointment of everybody is one command',
);
assert(limits.group_members_max <= limits.participants_max, 'a group can meet');
assert(
  limits.created_memberships_max + limits.added_memberships_max === limits.memberships_max,
  'all groups of a person are read',
);
assert(
  // Its people may all be others: their earlier rows, and a notification for those who left and who came.
  limits.rows_expired_per_command > 3 * limits.participants_max + 2,
  'as much can go as one change of a meeting keeps',
);
assert(
  limits.rows_expired_per_command < limits.rows_per_command_max / 2,
  'most of what a command writes is its own',
);
assert(limits.notifications_max < limits.rows_per_command_max, 'all can be read at once');
assert(
  limits.deleted_group_kept_ms > limits.notification_kept_ms,
  'a notification can name its group',
);
assert(
  limits.rows_expired_per_command > 2 * limits.audit_batch_events_max,
  'an entry of the audit can be trimmed as a whole, and faster than one is added',
);
assert(limits.node_event_bytes_max * 2 < limits.audit_batch_bytes_max, 'an event fits a batch');
assert(
  limits.audit_batch_bytes_max * 2 < limits.command_bytes_max,
  'a batch of events fits a command, quoted once more',
);
assert(
  limits.audit_batch_events_max < limits.rows_per_command_max / 2,
  'a batch of events is no larger than other commands',
);
assert(
  limits.audit_slice_rows * (limits.list_items_max / limits.audit_slice_rows_shown + 1) <
    limits.audit_rows_examined_max,
  'a page of the audit that nothing is left out of is full',
);
assert(limits.storage_high_factor > 1, 'a replica does not change its mind at every write');
