/** The bounds of what replicas say to each other: part of `limits`. */
export const rpc_limits = {
  /** One message between replicas. */
  rpc_body_bytes_max: 4 * 1024 * 1024,
  /** A message between replicas is this old at most, and this far ahead, by its receiver's clock. */
  rpc_clock_skew_ms: 30_000,
  /** Counters remembered per sender to refuse replays. */
  rpc_replay_window: 4_096,
  /** Senders (boots of replicas) whose windows are remembered. */
  rpc_replay_senders_max: 256,
  /** A peer that does not answer within this is asked again. */
  rpc_timeout_ms: 1_000,
  /** The same for what a peer answers only after a write to its disk, and for reading a body. */
  rpc_durable_timeout_ms: 2_000,
  /** Connections to one peer for each of: heartbeats and votes, appends, control calls. */
  rpc_connections_per_lane_max: 4,
  /** Raft messages to one peer that wait for one of those connections; one more is not sent. */
  rpc_waiting_per_lane_max: 256,
  /** Status line and header of an answer to a Raft message. */
  rpc_answer_head_bytes_max: 16 * 1024,
  /** Node, storage, boot, cluster and group ids in an envelope. */
  rpc_identifier_characters_max: 128,
} as const;
