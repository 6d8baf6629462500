import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { assert, must } from '../base/assert.ts';
import type { OutgoingSnapshot, SnapshotStore } from '../consensus/ports.ts';
import type { StorageId } from '../consensus/raft/configuration.ts';
import type { LogIndex } from '../consensus/raft/entry.ts';
import type { SnapshotManifest } from '../consensus/raft/snapshot-manifest.ts';
import { limits } from '../limits.ts';
import type { SqliteAgendaStore } from './agenda-store.ts';
import type { Checkpointer } from './checkpointer.ts';
import { nextStatePath, replaceState } from './replace-state.ts';
import type { MakeSnapshotTask, PrepareSnapshotTask } from './snapshot-file.ts';

export interface SnapshotStoreOptions {
  /** For files that come and go; made when absent. */
  readonly directory: string;
  readonly agenda_path: string;
  readonly storage_id: StorageId;
  readonly agenda_store: SqliteAgendaStore;
  readonly checkpointer: Checkpointer;
  /** The compiled `snapshot-worker.ts`; by default the one beside this module. */
  readonly worker_url?: URL;
  readonly unused_ms?: number;
}

/** A file that was made here. */
interface Outgoing {
  readonly manifest: SnapshotManifest;
  readonly path: string;
  users: number;
  is_discarded: boolean;
  deletion: NodeJS.Timeout | null;
}

/** A file that is being received. */
interface Incoming {
  readonly manifest: SnapshotManifest;
  readonly handle: FileHandle;
}

/** {@link SnapshotStore} of agenda.db: files in a directory beside it, made and unpacked on a thread. */
export class SqliteSnapshotStore implements SnapshotStore {
  readonly #options: SnapshotStoreOptions;
  /** The latest one; older ones are deleted when their last user is done. */
  #outgoing: Outgoing | null = null;
  #making: Promise<Outgoing> | null = null;
  #incoming: Incoming | null = null;

  constructor(options: SnapshotStoreOptions) {
    this.#options = options;
    mkdirSync(options.directory, { recursive: true, mode: 0o700 });
    this.#deleteLeftovers();
  }

  async take(min_index: LogIndex): Promise<OutgoingSnapshot> {
    const outgoing = await this.#outgoingFrom(min_index);
    assert(outgoing.manifest.base.index >= min_index, 'a snapshot of too old a state');
    outgoing.users += 1;
    if (outgoing.deletion !== null) clearTimeout(outgoing.deletion);
    outgoing.deletion = null;
    const handle = await open(outgoing.path, 'r');
    let is_released = false;
    return {
      manifest: outgoing.manifest,
      async read(offset, bytes_max) {
        const chunk = Buffer.allocUnsafe(bytes_max);
        const { bytesRead } = await handle.read(chunk, 0, bytes_max, offset);
        return chunk.subarray(0, bytesRead);
      },
      release: () => {
        assert(!is_released, 'a snapshot is released once');
        is_released = true;
        void handle.close();
        this.#released(outgoing);
      },
    };
  }

  discard(snapshot_id: string): void {
    if (this.#outgoing?.manifest.snapshot_id === snapshot_id) this.#retire();
  }

  async receive(manifest: SnapshotManifest): Promise<number> {
    await this.#abandon();
    const path = this.#receivedPath(manifest.snapshot_id);
    this.#deleteReceivedBut(path);
    const handle = await open(path, 'a', 0o600);
    const { size } = await handle.stat();
    // What a power cut left of the last chunk shows when the whole is verified.
    if (size > manifest.bytes) await handle.truncate(0);
    this.#incoming = { manifest, handle };
    return size > manifest.bytes ? 0 : size;
  }

  async append(snapshot_id: string, offset: number, chunk: Uint8Array): Promise<void> {
    const { handle } = this.#received(snapshot_id);
    assert((await handle.stat()).size === offset, 'a chunk that does not follow the last one');
    await handle.appendFile(chunk);
    await handle.datasync();
  }

  async prepare(snapshot_id: string): Promise<'ready' | 'damaged'> {
    const { manifest } = this.#received(snapshot_id);
    await this.#abandon();
    const path = this.#receivedPath(snapshot_id);
    const database_path = this.#preparedPath(snapshot_id);
    const { storage_id } = this.#options;
    const task = { kind: 'prepare', path, database_path, manifest, storage_id } as const;
    const verdict = await this.#inWorker<'ready' | 'damaged'>(task);
    if (verdict === 'damaged') await rm(path);
    return verdict;
  }

  async install(snapshot_id: string, reload: () => void): Promise<void> {
    const { agenda_path, agenda_store, checkpointer, storage_id, directory } = this.#options;
    await checkpointer.release();
    await rename(this.#preparedPath(snapshot_id), nextStatePath(agenda_path));
    await syncNames(dirname(agenda_path));
    // In one turn: nobody ever reads between the old state and the new one.
    agenda_store.replace(storage_id, () => {
      assert(replaceState(agenda_path), 'the state that was to be put in place is gone');
    });
    reload();
    await checkpointer.reopen();
    await rm(this.#receivedPath(snapshot_id), { force: true });
    await syncNames(directory);
  }

  /** After the last use. */
  async close(): Promise<void> {
    await this.#abandon();
    this.#retire();
  }

  async #outgoingFrom(min_index: LogIndex): Promise<Outgoing> {
    for (;;) {
      const known = this.#outgoing;
      if (known !== null && known.manifest.base.index >= min_index) return known;
      this.#making ??= this.#make().finally(() => {
        this.#making = null;
      });
      const made = await this.#making;
      if (made.manifest.base.index >= min_index && !made.is_discarded) return made;
    }
  }

  async #make(): Promise<Outgoing> {
    const { directory, agenda_path } = this.#options;
    const snapshot_id = randomUUID();
    const path = join(directory, `outgoing-${snapshot_id}`);
    const task = { kind: 'make', agenda_path, path, snapshot_id } as const;
    const manifest = await this.#inWorker<SnapshotManifest>(task);
    this.#retire();
    const made = { manifest, path, users: 0, is_discarded: false, deletion: null };
    this.#outgoing = made;
    return made;
  }

  /** The latest one is given to nobody any more. */
  #retire(): void {
    const retired = this.#outgoing;
    if (retired === null) return;
    this.#outgoing = null;
    retired.is_discarded = true;
    if (retired.deletion !== null) clearTimeout(retired.deletion);
    if (retired.users === 0) rmSync(retired.path, { force: true });
  }

  #released(outgoing: Outgoing): void {
    outgoing.users -= 1;
    if (outgoing.users > 0) return;
    if (outgoing.is_discarded) {
      rmSync(outgoing.path, { force: true });
      return;
    }
    const { unused_ms = limits.snapshot_unused_ms } = this.#options;
    outgoing.deletion = setTimeout(() => this.#retire(), unused_ms);
    outgoing.deletion.unref();
  }

  #received(snapshot_id: string): Incoming {
    const incoming = must(this.#incoming, 'no snapshot is being received');
    assert(incoming.manifest.snapshot_id === snapshot_id, 'another snapshot is being received');
    return incoming;
  }

  async #abandon(): Promise<void> {
    const incoming = this.#incoming;
    this.#incoming = null;
    await incoming?.handle.close();
  }

  #receivedPath(snapshot_id: string): string {
    return join(this.#options.directory, `incoming-${snapshot_id}.part`);
  }

  #preparedPath(snapshot_id: string): string {
    return join(this.#options.directory, `incoming-${snapshot_id}.db`);
  }

  #deleteReceivedBut(kept_path: string): void {
    const { directory } = this.#options;
    for (const name of readdirSync(directory)) {
      const path = join(directory, name);
      if (name.startsWith('incoming-') && path !== kept_path) rmSync(path);
    }
  }

  /** Only what was being received may go on: the newest of it. */
  #deleteLeftovers(): void {
    const { directory } = this.#options;
    const paths = readdirSync(directory).map((name) => join(directory, name));
    const received = paths.filter((path) => path.endsWith('.part'));
    const newest = received.toSorted((one, other) => ageOf(one) - ageOf(other))[0];
    for (const path of paths) if (path !== newest) rmSync(path, { recursive: true });
  }

  #inWorker<Result>(task: MakeSnapshotTask | PrepareSnapshotTask): Promise<Result> {
    const { worker_url = new URL('./snapshot-worker.js', import.meta.url) } = this.#options;
    return new Promise((resolve, reject) => {
      const worker = new Worker(worker_url, { workerData: task, name: 'snapshot' });
      worker.once('message', (result: Result) => resolve(result));
      worker.once('error', (error: unknown) => {
        reject(new Error(`a snapshot could not be ${task.kind}d`, { cause: error }));
      });
      worker.once('exit', () => reject(new Error('the snapshot thread ended without an answer')));
    });
  }
}

function ageOf(path: string): number {
  return -statSync(path).mtimeMs;
}

async function syncNames(directory: string): Promise<void> {
  assert((await stat(directory)).isDirectory(), 'not a directory');
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
