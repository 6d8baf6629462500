import { assert } from '../base/assert.ts';
import { crc32 } from '../base/crc32.ts';
import { limits } from '../limits.ts';
import type { Applier } from './applier.ts';
import type { Clock, Observer, SnapshotStore, StateMachine } from './ports.ts';
import type { Token } from './raft/input.ts';
import type { LogBase } from './raft/log-base.ts';
import type { InstallSnapshotRequest, SnapshotProgress } from './raft/message.ts';
import type { SnapshotManifest } from './raft/snapshot-manifest.ts';

export interface SnapshotReceiverOptions {
  readonly store: SnapshotStore;
  readonly state_machine: StateMachine;
  readonly applier: Applier;
  readonly clock: Clock;
  readonly observer: Observer;
  /** Calls back once every write issued so far is on disk. */
  readonly afterPersisted: (callback: () => void) => void;
  readonly reply: (
    token: Token,
    message: InstallSnapshotRequest,
    progress: SnapshotProgress,
    offset: number,
  ) => void;
  readonly onInstalled: (base: LogBase) => void;
  /** The state could not be put in place: nothing can be read or applied any more. */
  readonly onBroken: (error: unknown) => void;
}

/** A file that is being received. */
interface Incoming {
  readonly manifest: SnapshotManifest;
  readonly began_ms: number;
  stored_bytes: number;
}

interface Question {
  readonly token: Token;
  readonly message: InstallSnapshotRequest;
}

/** Stores the chunks of one snapshot, in their order, and puts the state in place when all are there. */
export class SnapshotReceiver {
  readonly #options: SnapshotReceiverOptions;
  readonly #questions: Question[] = [];
  #is_answering = false;
  #incoming: Incoming | null = null;
  #is_installing = false;
  /** The last one that was not what its manifest says. */
  #damaged_id: string | null = null;
  #is_stopped = false;

  constructor(options: SnapshotReceiverOptions) {
    this.#options = options;
  }

  receive(token: Token, message: InstallSnapshotRequest): void {
    if (this.#is_installing) {
      this.#options.reply(token, message, 'installing', message.manifest.bytes);
    } else if (this.#questions.length >= limits.snapshot_questions_max) {
      this.#options.reply(token, message, 'refused', 0);
    } else {
      this.#questions.push({ token, message });
      if (!this.#is_answering) void this.#answerAll();
    }
  }

  stop(): void {
    this.#is_stopped = true;
    this.#questions.length = 0;
  }

  /** One at a time: a repeated chunk finds the first one stored. */
  async #answerAll(): Promise<void> {
    this.#is_answering = true;
    for (let next = this.#questions.shift(); next; next = this.#questions.shift()) {
      const { token, message } = next;
      let progress: SnapshotProgress;
      try {
        progress = await this.#store(message);
      } catch (error) {
        this.#incoming = null;
        this.#options.observer.snapshot({ kind: 'failed', what: 'receive', error });
        progress = 'refused';
      }
      if (this.#is_stopped) return;
      this.#options.reply(token, message, progress, this.#incoming?.stored_bytes ?? 0);
    }
    this.#is_answering = false;
  }

  async #store({ manifest, offset, chunk, checksum }: InstallSnapshotRequest) {
    const { store, clock } = this.#options;
    if (this.#is_installing) return 'installing';
    if (this.#damaged_id === manifest.snapshot_id) {
      this.#damaged_id = null;
      return 'damaged';
    }
    if (this.#incoming?.manifest.snapshot_id !== manifest.snapshot_id) {
      const stored_bytes = await store.receive(manifest);
      this.#incoming = { manifest, began_ms: clock.now_ms(), stored_bytes };
    }
    const incoming = this.#incoming;
    const is_next = offset === incoming.stored_bytes && chunk.length > 0;
    if (is_next && crc32(chunk) === checksum) {
      await store.append(manifest.snapshot_id, offset, chunk);
      incoming.stored_bytes += chunk.length;
    }
    assert(incoming.stored_bytes <= manifest.bytes, 'more bytes than there are');
    if (incoming.stored_bytes < manifest.bytes || this.#is_stopped) return 'receiving';
    this.#is_installing = true;
    void this.#install(incoming);
    return 'installing';
  }

  async #install(incoming: Incoming): Promise<void> {
    const { store, observer } = this.#options;
    const { snapshot_id } = incoming.manifest;
    try {
      const verdict = await store.prepare(snapshot_id);
      if (verdict === 'damaged') {
        this.#damaged_id = snapshot_id;
        observer.snapshot({
          kind: 'failed',
          what: 'receive',
          error: new Error(`snapshot ${snapshot_id} does not match its checksum`),
        });
      } else if (!this.#is_stopped) {
        await this.#putInPlace(incoming);
      }
    } catch (error) {
      observer.snapshot({ kind: 'failed', what: 'receive', error });
    } finally {
      this.#incoming = null;
      this.#is_installing = false;
    }
  }

  /**
   * Nothing is applied from the moment it is decided that the snapshot is of use until the log rests on it.
   * The term in which it came is on disk by then, or a restart would find a state of a later term.
   */
  async #putInPlace({ manifest, began_ms }: Incoming): Promise<void> {
    const { store, state_machine, applier, clock, observer } = this.#options;
    const { base } = manifest;
    await new Promise<void>((resolve) => this.#options.afterPersisted(resolve));
    if (this.#is_stopped) return;
    applier.pause();
    if (state_machine.applied_index < base.index) {
      try {
        await store.install(manifest.snapshot_id, () => state_machine.reload());
      } catch (error) {
        this.#options.onBroken(error);
        return;
      }
      assert(state_machine.applied_index === base.index, 'another state was put in place');
      if (this.#is_stopped) return;
      this.#options.onInstalled(base);
      observer.snapshot({ kind: 'installed', manifest, duration_ms: clock.now_ms() - began_ms });
    }
    applier.resumeAt(state_machine.applied_index);
  }
}
