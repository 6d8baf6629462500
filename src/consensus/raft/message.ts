import type { Entry, LogIndex, Position, Term } from './entry.ts';
import type { SnapshotManifest } from './snapshot-manifest.ts';

/**
 * What replicas say to each other (paper, Figure 2; thesis §3.10, §6.4 and §9.6). Every request gets
 * exactly one response or is lost as a whole; the transport pairs them.
 */
export type Request =
  | VoteRequest
  | AppendRequest
  | HeartbeatRequest
  | ReadIndexRequest
  | TimeoutNowRequest
  | InstallSnapshotRequest;
export type Response =
  | VoteResponse
  | AppendResponse
  | HeartbeatResponse
  | ReadIndexResponse
  | TimeoutNowResponse
  | InstallSnapshotResponse;

/** RequestVote; with `pre_vote`, the question of thesis §9.6: "would you?", which changes nothing. */
export interface VoteRequest {
  readonly kind: 'vote';
  readonly pre_vote: boolean;
  /**
   * The leader itself asked the candidate to stand: "a special flag", by which who hears that leader
   * votes all the same (thesis §4.2.3). Never with `pre_vote`.
   */
  readonly is_transfer: boolean;
  /** The term the candidate stands for (with `pre_vote`: would stand for). */
  readonly term: Term;
  readonly last_log: Position;
}

export interface VoteResponse {
  readonly kind: 'vote_response';
  readonly pre_vote: boolean;
  /** The term that was asked for. */
  readonly asked_term: Term;
  /** The responder's own term. */
  readonly term: Term;
  readonly granted: boolean;
}

/** AppendEntries with entries, or with none as a probe of where the logs agree. */
export interface AppendRequest {
  readonly kind: 'append';
  readonly term: Term;
  /** Unique for the leader's term: pairs a response with what is in flight. */
  readonly append_id: number;
  readonly previous: Position;
  readonly entries: readonly Entry[];
  readonly leader_commit: LogIndex;
}

export interface AppendResponse {
  readonly kind: 'append_response';
  readonly term: Term;
  readonly append_id: number;
  readonly success: boolean;
  /** On success: this follower durably holds the leader's log up to here. */
  readonly match_index: LogIndex;
  /** On refusal: see {@link LogConflict}; null when the term was stale. */
  readonly conflict: LogConflict | null;
}

/** Fast back-tracking (end of §5.3): where the follower's log parts from the leader's. */
export interface LogConflict {
  /** Term of the follower's entry at `previous.index`; 0 when its log is shorter. */
  readonly term: Term;
  /** First index of that term; one past the last entry when the log is shorter. */
  readonly index: LogIndex;
}

/** Keeps authority, tells the commit index, confirms read rounds. Never waits for a disk. */
export interface HeartbeatRequest {
  readonly kind: 'heartbeat';
  readonly term: Term;
  /** Unique for the leader's term: a confirmation of a later round confirms earlier reads. */
  readonly round: number;
  /** Never above what this follower is known to hold (it may not have the leader's log). */
  readonly commit_index: LogIndex;
  readonly freshness: Freshness | null;
}

/**
 * How old the receiver's state is: once it has applied `commit_index`, its state is at least as new as
 * its own monotonic clock was at `echo_ms`.
 */
export interface Freshness {
  readonly echo_ms: number;
  readonly commit_index: LogIndex;
}

export interface HeartbeatResponse {
  readonly kind: 'heartbeat_response';
  readonly term: Term;
  readonly round: number;
  readonly success: boolean;
  /** The responder's monotonic clock when it answered; data for {@link Freshness}, nothing else. */
  readonly echo_ms: number;
  readonly applied_index: LogIndex;
  readonly last_index: LogIndex;
  /** Where its log begins whose state is lost: only a snapshot from there on helps; 0: all is well. */
  readonly needs_snapshot_from: LogIndex;
  /** `LEADER_PRIORITY` of the responder. */
  readonly priority: number;
}

/** A follower asks the leader for a read index (thesis §6.4). */
export interface ReadIndexRequest {
  readonly kind: 'read_index';
  readonly term: Term;
  /** Unique for the asker's boot: a late or repeated answer confirms no read that began since. */
  readonly read_id: number;
}

export interface ReadIndexResponse {
  readonly kind: 'read_index_response';
  readonly term: Term;
  /** Of the request. */
  readonly read_id: number;
  /** Null: the responder could not confirm that it leads. */
  readonly read_index: LogIndex | null;
}

/**
 * InstallSnapshot (paper, Figure 13): a chunk, or with none the question how far the receiver is. Every
 * message names the whole, so that a receiver that restarted can go on.
 */
export interface InstallSnapshotRequest {
  readonly kind: 'install_snapshot';
  readonly term: Term;
  readonly manifest: SnapshotManifest;
  readonly offset: number;
  readonly chunk: Uint8Array;
  /** CRC-32 of the chunk. */
  readonly checksum: number;
}

export interface InstallSnapshotResponse {
  readonly kind: 'install_snapshot_response';
  readonly term: Term;
  readonly snapshot_id: string;
  readonly progress: SnapshotProgress;
  /** So many bytes of the file are on the receiver's disk. */
  readonly offset: number;
}

export type SnapshotProgress =
  | 'receiving'
  /** All bytes are there; they are being verified, unpacked and put in place. */
  | 'installing'
  | 'installed'
  /** All bytes were there and were not the file: another is needed. */
  | 'damaged'
  /** Of no use there, or the disk fails, or the term is over. */
  | 'refused';
/** TimeoutNow (thesis §3.10): the leader asks a follower that has all its entries to stand at once. */
export interface TimeoutNowRequest {
  readonly kind: 'timeout_now';
  readonly term: Term;
}

export interface TimeoutNowResponse {
  readonly kind: 'timeout_now_response';
  /** The responder's own term: that of its candidacy, when it stands. */
  readonly term: Term;
  readonly accepted: boolean;
}
