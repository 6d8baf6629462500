import type { LogBase } from './log-base.ts';

/** What a snapshot is: a whole state at one index, packed into one file that travels in chunks. */
export interface SnapshotManifest {
  /** Another one for every file that is made. */
  readonly snapshot_id: string;
  /** What the log rests on once the state is installed. */
  readonly base: LogBase;
  /** Of the state at that index, hexadecimal. */
  readonly digest: string;
  /** Of the state's schema: a program that knows fewer steps cannot read it. */
  readonly schema_version: number;
  /** Unpacked. */
  readonly state_bytes: number;
  /** The file that travels. */
  readonly bytes: number;
  /** Of that file, hexadecimal. */
  readonly sha256: string;
}
