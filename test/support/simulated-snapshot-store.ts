import { createHash } from 'node:crypto';
import { assert, must } from '../../src/base/assert.ts';
import type { Clock, OutgoingSnapshot, SnapshotStore } from '../../src/consensus/ports.ts';
import type { LogBase } from '../../src/consensus/raft/log-base.ts';
import type { SnapshotManifest } from '../../src/consensus/raft/snapshot-manifest.ts';

/** A state that can be written as text, and replaced by such a text. */
export interface DumpedState {
  readonly base: LogBase | null;
  dump(): string;
  replace(dump: string): void;
}

/** What is on the disk: it survives a power cut. */
interface Platter {
  readonly received: Map<string, { manifest: SnapshotManifest; bytes: Buffer }>;
  made: number;
}

const MAKE_MS = 30;
const APPEND_MS = 2;
const PREPARE_MS = 40;
const RELEASE_MS = 5;

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Snapshots in memory, in virtual time, with a disk that a test can damage and power that it can cut. */
export class SimulatedSnapshotStore implements SnapshotStore {
  readonly #name: string;
  readonly #clock: Clock;
  readonly #state: DumpedState;
  readonly #platter: Platter;
  #outgoing: { manifest: SnapshotManifest; bytes: Buffer } | null = null;
  #making: Promise<void> | null = null;
  /** The next file that is complete here turns out to be damaged. */
  damages_next = false;
  /** Called before the step that it names; whatever it cuts off never happens. */
  onStep: (step: 'append' | 'prepare' | 'install' | 'reload' | 'installed') => void = () =>
    undefined;

  constructor(name: string, clock: Clock, state: DumpedState, platter?: Platter) {
    this.#name = name;
    this.#clock = clock;
    this.#state = state;
    this.#platter = platter ?? { received: new Map(), made: 0 };
  }

  /** How many files were made. */
  get made(): number {
    return this.#platter.made;
  }

  /** The same disk after a restart. */
  reopen(clock: Clock, state: DumpedState): SimulatedSnapshotStore {
    return new SimulatedSnapshotStore(this.#name, clock, state, this.#platter);
  }

  async take(min_index: number): Promise<OutgoingSnapshot> {
    if (this.#outgoing === null || this.#outgoing.manifest.base.index < min_index) {
      this.#making ??= this.#wait(MAKE_MS).then(() => {
        this.#making = null;
        this.#outgoing = this.#make();
      });
      await this.#making;
    }
    assert(this.#outgoing !== null, 'nothing was made');
    const { manifest, bytes } = this.#outgoing;
    assert(manifest.base.index >= min_index, 'too old a state');
    return {
      manifest,
      read: (offset, bytes_max) => Promise.resolve(bytes.subarray(offset, offset + bytes_max)),
      release: () => undefined,
    };
  }

  discard(snapshot_id: string): void {
    if (this.#outgoing?.manifest.snapshot_id === snapshot_id) this.#outgoing = null;
  }

  receive(manifest: SnapshotManifest): Promise<number> {
    const { received } = this.#platter;
    for (const id of received.keys()) if (id !== manifest.snapshot_id) received.delete(id);
    const known = received.get(manifest.snapshot_id) ?? { manifest, bytes: Buffer.alloc(0) };
    received.set(manifest.snapshot_id, known);
    return Promise.resolve(known.bytes.length);
  }

  async append(snapshot_id: string, offset: number, chunk: Uint8Array): Promise<void> {
    const received = this.#received(snapshot_id);
    assert(received.bytes.length === offset, 'a chunk that does not follow the last one');
    this.onStep('append');
    await this.#wait(APPEND_MS);
    received.bytes = Buffer.concat([received.bytes, chunk]);
  }

  async prepare(snapshot_id: string): Promise<'ready' | 'damaged'> {
    const { bytes, manifest } = this.#received(snapshot_id);
    this.onStep('prepare');
    await this.#wait(PREPARE_MS);
    if (this.damages_next) bytes[0] = (bytes[0] ?? 0) ^ 1;
    this.damages_next = false;
    if (sha256(bytes) === manifest.sha256) return 'ready';
    this.#platter.received.delete(snapshot_id);
    return 'damaged';
  }

  async install(snapshot_id: string, reload: () => void): Promise<void> {
    this.onStep('install');
    await this.#wait(RELEASE_MS);
    this.#state.replace(this.#received(snapshot_id).bytes.toString());
    this.onStep('reload');
    reload();
    await this.#wait(RELEASE_MS);
    this.#platter.received.delete(snapshot_id);
    this.onStep('installed');
  }

  #make(): { manifest: SnapshotManifest; bytes: Buffer } {
    this.#platter.made += 1;
    const bytes = Buffer.from(this.#state.dump());
    const manifest: SnapshotManifest = {
      snapshot_id: `${this.#name}-${this.#platter.made}`,
      base: must(this.#state.base, 'a state without a configuration'),
      digest: sha256(bytes),
      schema_version: 1,
      state_bytes: bytes.length,
      bytes: bytes.length,
      sha256: sha256(bytes),
    };
    return { manifest, bytes };
  }

  #received(snapshot_id: string): { manifest: SnapshotManifest; bytes: Buffer } {
    return must(this.#platter.received.get(snapshot_id), 'no such snapshot is being received');
  }

  #wait(duration_ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.after(duration_ms, resolve);
    });
  }
}
