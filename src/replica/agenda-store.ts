import type { RowChange } from '../agenda/change.ts';
import type { Instant } from '../agenda/model.ts';
import type { Answer } from '../agenda/outcome.ts';
import type { AgendaView, ExpiryView } from '../agenda/view.ts';
import type { LogIndex, Term } from '../consensus/raft/entry.ts';
import type { PlacedConfiguration } from '../consensus/raft/log-base.ts';
import type { AuditChain } from './audit-chain.ts';

/** Where the replicated state stands; written in the transaction of the state itself. */
export interface StateMeta {
  readonly applied_index: LogIndex;
  /** Hexadecimal. */
  readonly digest: string;
  readonly state_time: Instant;
}

/** What of the log the state needs to know, so that it can stand in for the log up to here. */
export interface StatePlace {
  /** Of the last applied entry; 0: nothing is applied. */
  readonly term: Term;
  /** The last one applied; null: none. */
  readonly configuration: PlacedConfiguration | null;
}

/** A success kept under its request key. */
export interface RememberedRequest {
  /** Of the log entry that succeeded. */
  readonly entry_index: LogIndex;
  /** See `RequestKey`; hexadecimal. */
  readonly scope_hash: string;
  readonly fingerprint: string;
  readonly answer: Answer;
  /** Forgotten once state time reaches this. */
  readonly expires_at: Instant;
}

/** Table `raft_applied`. The scope is unique among the rows. */
export interface RequestStore {
  find(scope_hash: string): RememberedRequest | null;
  /** Returns the bytes of the answer as it is stored. */
  insert(request: RememberedRequest): number;
  /** Returns the bytes of the answer that is gone. */
  delete(entry_index: LogIndex): number;
  /** The one that expires first; of several, the oldest. */
  firstToExpire(): { readonly entry_index: LogIndex; readonly expires_at: Instant } | null;
  count(): number;
  /** Of all answers. */
  bytes(): number;
}

/**
 * The durable replicated state: a port. Everything is synchronous, so whoever reads between two calls
 * sees a committed state.
 */
export interface AgendaStore {
  readonly view: AgendaView;
  readonly requests: RequestStore;
  readonly expiry: ExpiryView;
  readMeta(): StateMeta;
  writeMeta(meta: StateMeta): void;
  readPlace(): StatePlace;
  /** In the transaction that applies the entry at which it changes. */
  writePlace(place: StatePlace): void;
  readAuditChain(): AuditChain;
  /** In the transaction that writes or trims rows of the audit. */
  writeAuditChain(chain: AuditChain): void;
  /** Writes the rows in order; inside a transaction only. */
  write(changes: readonly RowChange[]): void;
  /**
   * Runs `body` in one transaction: all its writes are committed, or none when it throws.
   *
   * @throws {DiskFullError} there was no space
   */
  transaction<T>(body: () => T): T;
  /**
   * True when the disk or the database failed, which says nothing of the command: another replica may
   * succeed. False when the same rows or the same rule would fail on every replica.
   */
  isStorageFailure(error: unknown): boolean;
}
