import type { Database, Statement } from 'better-sqlite3';
import { assert, must } from '../base/assert.ts';
import type { LogIndex } from '../consensus/raft/entry.ts';
import { limits } from '../limits.ts';
import { openDatabase } from './database.ts';
import { fileBytes } from './file-bytes.ts';
import { isDiskFull } from './disk-full.ts';

export interface StateCheckpointsOptions {
  /** Of agenda.db, which exists by now. */
  readonly path: string;
  /** Durable before this was opened; 0 unless told. */
  readonly durable_index?: LogIndex;
  readonly wal_restart_bytes?: number;
  readonly wal_truncate_bytes?: number;
}

type CheckpointMode = 'PASSIVE' | 'RESTART' | 'TRUNCATE';

/** Frames in the WAL, and how many of them are in the database file. */
interface PragmaRow {
  readonly busy: number;
  readonly log: number;
  readonly checkpointed: number;
}

/**
 * Brings the state from its WAL to the disk, on a connection of its own: the applying one never waits for
 * an fsync. The log may be cut up to the index that {@link StateCheckpoints.run} returns, and no further.
 */
export class StateCheckpoints {
  readonly #database: Database;
  readonly #wal_path: string;
  readonly #page_bytes: number;
  readonly #wal_restart_bytes: number;
  readonly #wal_truncate_bytes: number;
  readonly #read_applied: Statement<[], LogIndex>;
  #durable_index: LogIndex;

  constructor(options: StateCheckpointsOptions) {
    const { path } = options;
    const database = openDatabase({ path, synchronous: 'normal', wal_autocheckpoint_pages: 0 });
    // While it waits for a reader, RESTART keeps writers out.
    database.pragma(`busy_timeout = ${limits.checkpoint_busy_timeout_ms}`);
    this.#database = database;
    this.#durable_index = options.durable_index ?? 0;
    this.#wal_path = `${path}-wal`;
    this.#page_bytes = database.pragma('page_size', { simple: true }) as number;
    this.#wal_restart_bytes = options.wal_restart_bytes ?? limits.state_wal_restart_bytes;
    this.#wal_truncate_bytes = options.wal_truncate_bytes ?? limits.state_wal_truncate_bytes;
    this.#read_applied = database
      .prepare<[], LogIndex>('SELECT last_applied FROM raft_meta')
      .pluck();
  }

  /**
   * PASSIVE, which disturbs nobody; when the WAL is large, RESTART for the little that came meanwhile,
   * so that the next commit begins it anew; when its file is, TRUNCATE. Without space for it, nothing. Returns the durable index:
   * entries up to it are in the state after any power cut.
   */
  run(): LogIndex {
    try {
      this.#run();
    } catch (error) {
      // Nothing is lost, and the next one begins where this one ended.
      if (!isDiskFull(error)) throw error;
    }
    return this.#durable_index;
  }

  #run(): void {
    const is_too_long = fileBytes(this.#wal_path) > this.#wal_truncate_bytes;
    if (this.#readApplied() === this.#durable_index && !is_too_long) return;
    const frames = this.#checkpoint('PASSIVE');
    // Whatever is in it by now: while the file is long, no large agenda is read.
    if (is_too_long) this.#checkpoint('TRUNCATE');
    else if (frames * this.#page_bytes > this.#wal_restart_bytes) this.#checkpoint('RESTART');
  }

  close(): void {
    this.#database.close();
  }

  /** Returns the frames that were in the WAL. */
  #checkpoint(mode: CheckpointMode): number {
    // Before, not after: what is committed meanwhile may be in frames that are not copied.
    const applied_index = this.#readApplied();
    const rows = this.#database.pragma(`wal_checkpoint(${mode})`) as readonly PragmaRow[];
    const row = must(rows[0], 'no answer to a checkpoint');
    assert(row.log >= -1 && row.checkpointed <= row.log, 'an odd answer to a checkpoint');
    if (row.busy === 0 && row.log >= 0 && row.checkpointed === row.log) {
      assert(applied_index >= this.#durable_index, 'the durable index went backwards');
      this.#durable_index = applied_index;
    }
    return Math.max(row.log, 0);
  }

  #readApplied(): LogIndex {
    return must(this.#read_applied.get(), 'a state without an applied index');
  }
}
