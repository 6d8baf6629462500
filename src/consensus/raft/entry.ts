/** What the log holds (Raft paper, §5.3). */

/** Grows with every election; 0 before the first. */
export type Term = number;
/** Position in the log, from 1; 0 is "before the first entry". */
export type LogIndex = number;

export type EntryKind = 'no_op' | 'command' | 'configuration';

export interface Entry {
  readonly index: LogIndex;
  readonly term: Term;
  readonly kind: EntryKind;
  /** Of the request that proposed it; empty for entries of the engine itself. */
  readonly request_id: string;
  /** For consensus, bytes; a configuration is encoded by `configuration-codec.ts`. */
  readonly payload: Uint8Array;
  /** CRC-32 over all of the above: verified whenever the entry comes from a disk or a network. */
  readonly checksum: number;
}

/** A point in the log: an entry's index and term. */
export interface Position {
  readonly index: LogIndex;
  readonly term: Term;
}

/** What an entry costs in memory and on the wire, about. */
export function entryBytes(entry: Entry): number {
  return entry.payload.length + entry.request_id.length + 40;
}
