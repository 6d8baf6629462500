import { statfs } from 'node:fs/promises';
import type { Logger } from 'pino';
import { assert } from '../base/assert.ts';
import { DiskFullError } from '../consensus/disk-full-error.ts';
import type { StorageMetrics, StorageState } from '../http/storage-metrics.ts';
import { limits } from '../limits.ts';

export interface DiskWatchOptions {
  /** The data directory; exists by the time of {@link DiskWatch.start}. */
  readonly path: string;
  readonly metrics: StorageMetrics;
  readonly log: Logger;
}

/** Of a file system: bytes that this process may still use, and all there are. */
export interface DiskSpace {
  readonly free_bytes: number;
  readonly total_bytes: number;
}

/**
 * Whether there is little space, given whether there was: below the low mark it begins, and above the
 * high one it ends. Small file systems have small marks.
 */
export function isSpaceLow({ free_bytes, total_bytes }: DiskSpace, was_low: boolean): boolean {
  const low_bytes = Math.min(limits.storage_low_bytes, total_bytes * limits.storage_low_share);
  const high_bytes = low_bytes * limits.storage_high_factor;
  return free_bytes < (was_low ? high_bytes : low_bytes);
}

/**
 * Looks after the space on the disk: a replica that is short of it lets others lead and takes no
 * commands. What the log and the state meet when they write counts as well. All of it ends by itself.
 */
export class DiskWatch {
  readonly #options: DiskWatchOptions;
  #is_low = false;
  #is_log_full = false;
  #apply_stalled: Error | null = null;
  #onLow: ((is_low: boolean) => void) | null = null;
  #timer: NodeJS.Timeout | null = null;
  #is_looking = false;

  constructor(options: DiskWatchOptions) {
    this.#options = options;
  }

  /** Looks every second from now on, and tells of every change. */
  start(onLow: (is_low: boolean) => void): void {
    assert(this.#timer === null, 'a watch starts once');
    this.#onLow = onLow;
    this.#tell();
    void this.#look();
    this.#timer = setInterval(() => void this.#look(), limits.storage_look_every_ms);
    this.#timer.unref();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#onLow = null;
  }

  /** Writes to the log wait for space, or no longer do. */
  logFull(is_full: boolean): void {
    const { log } = this.#options;
    this.#is_log_full = is_full;
    if (is_full) log.error('no space for the log: writes wait until there is');
    else log.warn('there is space for the log again');
    this.#tell();
  }

  /** Nothing can be applied for now, and why; null: it goes on. */
  applyStalled(why: Error | null): void {
    const { log } = this.#options;
    this.#apply_stalled = why;
    if (why === null) log.warn('entries are applied again');
    else log.error({ err: why }, 'entries cannot be applied for now; it is tried again');
    this.#tell();
  }

  /** Why requests cannot be served well; null: they can. */
  get trouble(): string | null {
    if (this.#is_log_full)
      return 'The disk is full: this replica falls behind until there is space.';
    if (this.#apply_stalled === null) return null;
    return `Entries cannot be applied for now: ${this.#apply_stalled.message}`;
  }

  async #look(): Promise<void> {
    if (this.#is_looking) return;
    this.#is_looking = true;
    const { path, log, metrics } = this.#options;
    try {
      const { bavail, blocks, bsize } = await statfs(path);
      const space = { free_bytes: bavail * bsize, total_bytes: blocks * bsize };
      metrics.free(space.free_bytes);
      const is_low = isSpaceLow(space, this.#is_low);
      if (is_low !== this.#is_low) {
        log.warn(space, is_low ? 'the disk is almost full' : 'there is space on the disk again');
      }
      this.#is_low = is_low;
    } catch (error) {
      log.warn({ err: error }, 'the space on the disk cannot be found out');
    }
    this.#is_looking = false;
    this.#tell();
  }

  #tell(): void {
    this.#options.metrics.state(this.#state());
    this.#onLow?.(this.#is_low || this.#is_log_full);
  }

  #state(): StorageState {
    if (this.#is_log_full || this.#apply_stalled instanceof DiskFullError) return 'full';
    return this.#is_low ? 'low' : 'ok';
  }
}
