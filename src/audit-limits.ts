/** The bounds of the audit: part of `limits`. */
export const audit_limits = {
  /** Rows of the audit are kept so long, by state time. */
  audit_kept_ms: 400 * 24 * 60 * 60 * 1000,
  /** Events of a replica in one command, and what they take as JSON. */
  audit_batch_events_max: 256,
  audit_batch_bytes_max: 192 * 1024,
  /** Runs of replicas whose last event is known; of more, those that were silent longest are forgotten. */
  audit_sources_max: 1_024,
  /** How often a replica looks whether it has events for the log. */
  audit_interval_ms: 1_000,
  /** A batch that could not be brought to the log is tried again after pauses that grow to this. */
  audit_retry_ms_max: 8_000,
  /** Different events that wait in memory; they go to node.db at the next look. */
  audit_events_in_memory_max: 1_024,
  /** Equal events are one row for so long at most, once there are many. */
  audit_fold_ms_max: 60_000,
  /** Different events of which is known how often they came lately. */
  audit_fold_keys_max: 4_096,
  /** Request ids kept of events that are one row. */
  audit_folded_request_ids_max: 16,
  /** Events that wait in node.db for the log; beyond it they are counted only. */
  audit_queue_bytes_max: 64 * 1024 * 1024,
  /** A replica that stops waits so long for its last events to come into the log. */
  audit_last_call_ms: 1_000,
  /** Events that go to node.db at one look, unless the replica stops: what one batch takes on. */
  audit_flush_events_max: 256,
  /** Rows of the audit looked at, and shown, in one turn of the event loop. */
  audit_slice_rows: 1_000,
  audit_slice_rows_shown: 200,
  /** Rows looked at for one page of an answer. */
  audit_rows_examined_max: 100_000,
  /** Rows verified in one turn of the event loop. */
  audit_verify_slice_rows: 250,
} as const;
