import { assert, unreachable } from '../base/assert.ts';
import { crc32 } from '../base/crc32.ts';
import { limits } from '../limits.ts';
import type { Clock, Observer, OutgoingSnapshot, SnapshotStore, Transport } from './ports.ts';
import { memberKey } from './raft/configuration.ts';
import type { Member } from './raft/configuration.ts';
import type { LogIndex, Term } from './raft/entry.ts';
import type { InstallSnapshotRequest, InstallSnapshotResponse, Response } from './raft/message.ts';
import type { SnapshotOutcome } from './raft/snapshot.ts';
import type { RaftState } from './raft/state.ts';

export interface SnapshotSenderOptions {
  readonly store: SnapshotStore;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly state: Readonly<RaftState>;
  readonly observer: Observer;
  readonly onResponse: (from: Member, response: Response) => void;
  readonly onEnded: (outcome: SnapshotOutcome) => void;
}

interface Order {
  readonly to: Member;
  readonly term: Term;
  readonly min_index: LogIndex;
}

/** So many unanswered questions in a row end a transfer; the next one goes on where it was. */
const FAILURES_MAX = 5;
const RETRY_PAUSE_MS = 200;
/** Between two questions whether an installation has ended. */
const POLL_PAUSE_MS = 100;

const NOTHING = new Uint8Array(0);

/** Brings snapshots to members that need one: a few at a time, chunk by chunk, each waiting for its answer. */
export class SnapshotSender {
  readonly #options: SnapshotSenderOptions;
  readonly #waiting: Order[] = [];
  #under_way = 0;
  #is_stopped = false;

  constructor(options: SnapshotSenderOptions) {
    this.#options = options;
  }

  send(to: Member, term: Term, min_index: LogIndex): void {
    assert(this.#waiting.length < limits.cluster_size_max, 'one snapshot a member');
    this.#waiting.push({ to, term, min_index });
    this.#startNext();
  }

  stop(): void {
    this.#is_stopped = true;
    this.#waiting.length = 0;
  }

  #startNext(): void {
    if (this.#under_way >= limits.snapshots_sent_at_once) return;
    const order = this.#waiting.shift();
    if (order === undefined) return;
    this.#under_way += 1;
    void this.#run(order).then((index) => {
      this.#under_way -= 1;
      if (this.#is_stopped) return;
      this.#options.onEnded({ to: order.to, term: order.term, index });
      this.#startNext();
    });
  }

  /** The index that was installed; null when it came to nothing. */
  async #run(order: Order): Promise<LogIndex | null> {
    const { store, clock, observer } = this.#options;
    const began_ms = clock.now_ms();
    let snapshot: OutgoingSnapshot | null = null;
    try {
      if (!this.#isWanted(order)) return null;
      snapshot = await store.take(order.min_index);
      const { manifest } = snapshot;
      if (!(await this.#transfer(order, snapshot))) return null;
      const duration_ms = clock.now_ms() - began_ms;
      observer.snapshot({ kind: 'sent', to: order.to, manifest, duration_ms });
      return manifest.base.index;
    } catch (error) {
      observer.snapshot({ kind: 'failed', what: 'send', error });
      return null;
    } finally {
      snapshot?.release();
    }
  }

  async #transfer(order: Order, snapshot: OutgoingSnapshot): Promise<boolean> {
    const { store } = this.#options;
    const { bytes, snapshot_id } = snapshot.manifest;
    let offset = 0;
    let chunk: Uint8Array = NOTHING;
    while (this.#isWanted(order)) {
      const answer = await this.#ask(order, snapshot, offset, chunk);
      if (answer === null) return false;
      switch (answer.progress) {
        case 'installed':
          return true;
        case 'damaged':
          // Here or there: a new file settles it.
          store.discard(snapshot_id);
          return false;
        case 'refused':
          return false;
        case 'installing':
          await this.#pause(POLL_PAUSE_MS);
          chunk = NOTHING;
          break;
        case 'receiving':
          if (answer.snapshot_id !== snapshot_id || answer.offset > bytes) return false;
          offset = answer.offset;
          chunk = await snapshot.read(offset, limits.snapshot_chunk_bytes_max);
          break;
        default:
          return unreachable(answer.progress);
      }
    }
    return false;
  }

  /** Asks until there is an answer; null when there is none for too long. */
  async #ask(
    order: Order,
    { manifest }: OutgoingSnapshot,
    offset: number,
    chunk: Uint8Array,
  ): Promise<InstallSnapshotResponse | null> {
    const { transport, onResponse } = this.#options;
    const { to, term } = order;
    const checksum = crc32(chunk);
    const message: InstallSnapshotRequest = {
      kind: 'install_snapshot',
      term,
      manifest,
      offset,
      chunk,
      checksum,
    };
    for (let failures = 0; failures < FAILURES_MAX && this.#isWanted(order); failures += 1) {
      try {
        const response = await transport.send(to, message);
        if (this.#is_stopped) return null;
        onResponse(to, response);
        return response.kind === 'install_snapshot_response' ? response : null;
      } catch {
        await this.#pause(RETRY_PAUSE_MS);
      }
    }
    return null;
  }

  /** Whether this replica still leads the term in which the member needed it. */
  #isWanted({ to, term }: Order): boolean {
    const { leading, term: current } = this.#options.state;
    return (
      !this.#is_stopped &&
      leading !== null &&
      current === term &&
      leading.progress.has(memberKey(to))
    );
  }

  #pause(duration_ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#options.clock.after(duration_ms, resolve);
    });
  }
}
