import type { Member } from './raft/configuration.ts';
import type { HardState, Persist } from './raft/effect.ts';
import type { Entry, LogIndex, Position, Term } from './raft/entry.ts';
import type { LogBase, PlacedConfiguration } from './raft/log-base.ts';
import type { Request, Response } from './raft/message.ts';
import type { SnapshotManifest } from './raft/snapshot-manifest.ts';

/** What a log store found on its disk when it was opened; entries are verified by then. */
export interface StoredLog {
  /**
   * Entries that are no longer as they were written, ascending. While there is one, nothing is known of
   * terms and configurations, and `last_index` counts committed entries that are missing at the end.
   */
  readonly damaged: readonly LogIndex[];
  readonly hard_state: HardState;
  /** A lower bound of what is committed. */
  readonly commit_index: LogIndex;
  /** What precedes the first entry: (0, 0) until the log is cut. */
  readonly before_first: Position;
  /** In force at `before_first`; null until the log is cut. */
  readonly base_configuration: PlacedConfiguration | null;
  readonly last_index: LogIndex;
  /** Where each term begins, ascending: enough to know the term of every entry. */
  readonly term_starts: readonly Position[];
  /** All configuration entries after `before_first`, ascending. */
  readonly configuration_entries: readonly Entry[];
}

/** What is left of an entry that is damaged or missing, and what stands around it. */
export interface DamagedEntry {
  readonly index: LogIndex;
  readonly what: string;
  /** Term and checksum as its row has them, which may be what is damaged; null: there is no row. */
  readonly claims: { readonly term: Term; readonly checksum: number } | null;
  /** The last undamaged entry before it; (0, 0) when there is none. */
  readonly before: Position;
  /** The first undamaged entry after it; null when there is none. */
  readonly after: Position | null;
}

/**
 * The durable log of one group. Writes happen in the order of the calls; a promise resolves when its
 * write, and all before it, would survive a power cut. A rejection is final, the store is unusable, but
 * for a `LogCorruptError` of a read, which concerns the one entry it names, and for a repair of what is not
 * damaged, or not in the log: that changes nothing.
 */
export interface LogStore {
  load(): Promise<StoredLog>;
  write(writes: readonly Persist[]): Promise<void>;
  /**
   * Entries from `from` on, at most through `through` and about `bytes_max` (at least one entry, none
   * when the log is cut there),
   * verified. Sees all writes called before it. Ends before a damaged entry; rejects with
   * `LogCorruptError` when `from` itself is damaged.
   */
  read(from: LogIndex, through: LogIndex, bytes_max: number): Promise<readonly Entry[]>;
  /** Null: the entry is as it was written. */
  inspect(index: LogIndex): Promise<DamagedEntry | null>;
  /**
   * Puts these consecutive entries in the place of damaged or missing ones, in one transaction. Whether
   * they are the right ones is the caller's to know.
   */
  repair(entries: readonly Entry[]): Promise<void>;
  close(): Promise<void>;
}

/** Carries a request to a peer and its answer back; rejects when there was none. */
export interface Transport {
  send(to: Member, message: Request): Promise<Response>;
}

/** Time for the driver; the core knows ticks only. */
export interface Clock {
  /** Monotonic milliseconds. */
  now_ms(): number;
  /** Calls back until the returned function is called. */
  every(interval_ms: number, callback: () => void): () => void;
  /** Calls back once after the delay, unless the returned function is called before. */
  after(delay_ms: number, callback: () => void): () => void;
  /** Calls back once, soon, after what is queued already. */
  soon(callback: () => void): void;
}

/** What becomes of an applied command; opaque to consensus. */
export type Outcome = unknown;

/** Where committed entries go. Deterministic; the same entries give the same state everywhere. */
export interface StateMachine {
  /** The last entry whose effects are in the state, by the same transaction. */
  readonly applied_index: LogIndex;
  /** A chain over everything applied so far, hexadecimal. */
  readonly digest: string;
  /** Where the state stands, by the same transaction; null: no configuration is applied yet. */
  readonly base: LogBase | null;
  /** A snapshot has replaced what it rests on: goes on from there. */
  reload(): void;
  /** A batch that reaches this index ends there; null, or not there: batches end anywhere. */
  readonly batch_ends_at?: LogIndex | null;
  /**
   * Applies consecutive entries in one transaction, all of them or the first ones, at least one, and
   * returns one outcome for each that is applied; the rest come again. Throws a `DiskFullError` when there
   * is no space: nothing is applied, and they come again. Otherwise it throws only when it must stop: the
   * storage failed, or an entry is of a kind this program does not know.
   */
  apply(entries: readonly Entry[]): readonly Outcome[];
}

/** A snapshot's file, to be sent. */
export interface OutgoingSnapshot {
  readonly manifest: SnapshotManifest;
  /** At most so many bytes from there on; none at the end. */
  read(offset: number, bytes_max: number): Promise<Uint8Array>;
  /** After the last use. */
  release(): void;
}

/** Whole states as files: made for members that the log can no longer help, and received from a leader. */
export interface SnapshotStore {
  /** A snapshot of the state at `min_index` or later; made now unless one is there that will do. */
  take(min_index: LogIndex): Promise<OutgoingSnapshot>;
  /** It arrived damaged somewhere: the next one is made anew. */
  discard(snapshot_id: string): void;
  /** Begins to receive, or goes on: how many bytes of it are on the disk already. */
  receive(manifest: SnapshotManifest): Promise<number>;
  /** Resolves when the bytes would survive a power cut. */
  append(snapshot_id: string, offset: number, chunk: Uint8Array): Promise<void>;
  /** All bytes are there: verifies and unpacks them; `damaged`: they are not what the manifest says. */
  prepare(snapshot_id: string): Promise<'ready' | 'damaged'>;
  /**
   * Puts what is prepared in place of the state, at once or, after a crash, at the next start. Nothing may
   * be applied meanwhile. `reload` is called in the turn of the event loop in which the state changes.
   */
  install(snapshot_id: string, reload: () => void): Promise<void>;
}

export type SnapshotEvent =
  | {
      readonly kind: 'sent';
      readonly to: Member;
      readonly manifest: SnapshotManifest;
      readonly duration_ms: number;
    }
  | {
      readonly kind: 'installed';
      readonly manifest: SnapshotManifest;
      readonly duration_ms: number;
    }
  | { readonly kind: 'failed'; readonly what: 'send' | 'receive'; readonly error: unknown };

/** Told about what operators want to see. Must not throw. */
export interface Observer {
  roleChanged(role: string, term: Term, leader: Member | null): void;
  persisted(entries: number, duration_ms: number): void;
  applied(entries: number, duration_ms: number): void;
  committed(latency_ms: number): void;
  snapshot(event: SnapshotEvent): void;
  /** `outcome` is one of a closed list. */
  transferEnded(outcome: string): void;
}
