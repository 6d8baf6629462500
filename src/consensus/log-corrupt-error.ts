import type { LogIndex } from './raft/entry.ts';

/** The stored log is not what was written: an entry is damaged or missing. */
export class LogCorruptError extends Error {
  override name = 'LogCorruptError';
  /** The entry that is damaged or missing. */
  readonly index: LogIndex;
  readonly what: string;

  constructor(index: LogIndex, what: string) {
    super(`raft log, entry ${index}: ${what}`);
    this.index = index;
    this.what = what;
  }
}
