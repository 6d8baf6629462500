import type { Configuration, Member } from '../consensus/raft/configuration.ts';
import type { LogIndex } from '../consensus/raft/entry.ts';
import type { AddressEntry } from './address-entry.ts';

/** What discovery needs of the rest of the process. */

/** A signed call to another replica. */
interface RpcCall {
  /** `host:port`. */
  readonly address: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** JSON; null: none. */
  readonly body: unknown;
  /**
   * Null: whoever lives there, and signed without a cluster id: two replicas that hold different
   * promises must be able to talk about them.
   */
  readonly destination: Member | null;
}

interface RpcAnswer {
  readonly status: number;
  readonly body: unknown;
  /** Who answered, by its signature. */
  readonly responder: Member;
  readonly boot_id: string;
}

/** Rejects when there is no answer that can be relied on. */
export type Call = (call: RpcCall) => Promise<RpcAnswer>;

/** The identity in raft.db: what resolves is on the disk. */
export interface IdentityStore {
  read(): Promise<StoredIdentity>;
  setPromise(promise: string | null): Promise<void>;
  /** Once; the same id again changes nothing. */
  setClusterId(cluster_id: string): Promise<void>;
}

interface StoredIdentity {
  readonly storage_id: string;
  readonly cluster_id: string | null;
  readonly promise: string | null;
}

/** The replica's log, as far as a bootstrap is concerned with it. */
export interface BootstrapLog {
  /** Counts every entry handed to the log before the call, whether or not it is on the disk by now. */
  position(): Promise<LogPosition>;
  /** Writes entry 1 into the empty log; resolves when `position` tells of it. */
  writeFirstEntry(configuration: Configuration): Promise<void>;
}

interface LogPosition {
  readonly last_index: LogIndex;
  readonly commit_index: LogIndex;
}

/** `cluster_nodes` in node.db. */
export interface NodeStore {
  loadNodes(): Promise<readonly AddressEntry[]>;
  saveNodes(entries: readonly AddressEntry[]): Promise<void>;
}

/** Time for what is compared between replicas, and for pauses: it does not jump. */
export interface DiscoveryClock {
  /** Milliseconds since 1970. */
  nowMs(): number;
  /** Resolves after the pause, or as soon as the signal is aborted. */
  sleep(pause_ms: number, signal: AbortSignal): Promise<void>;
}

export interface DiscoveryLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}
