import { assert } from '../../base/assert.ts';
import { memberKey } from '../raft/configuration.ts';
import type { Member, MemberKey } from '../raft/configuration.ts';

interface Peer {
  /** Of its last answer; empty before the first. */
  boot_id: string;
  /** How far its wall clock is ahead of ours. */
  clock_offset_ms: number;
  /** Of the last request to it. */
  counter: number;
}

/**
 * What the client remembers of each destination: its boot, its clock, and how far nonces for it have counted.
 * Each destination is counted for apart, so that a message that waits does not fall behind the
 * receiver's window because of what is sent to others.
 */
export class PeerTable {
  readonly #peers_max: number;
  readonly #peers = new Map<MemberKey, Peer>();
  /** Counters of forgotten peers end at or below it: a peer met again must not count anew. */
  #counter_floor = 0;
  /** Of the last request without a destination. */
  #unaddressed_counter = 0;

  constructor(peers_max: number) {
    assert(peers_max >= 1, 'a table for nobody');
    this.#peers_max = peers_max;
  }

  /** The boot id in the peer's last answer, or empty. */
  bootIdOf(member: Member): string {
    return this.#peers.get(memberKey(member))?.boot_id ?? '';
  }

  learnBootId(member: Member, boot_id: string): void {
    this.#peer(member).boot_id = boot_id;
  }

  /** Added to our wall clock it is the peer's; zero unless learned. */
  clockOffsetOf(member: Member): number {
    return this.#peers.get(memberKey(member))?.clock_offset_ms ?? 0;
  }

  learnClockOffset(member: Member, clock_offset_ms: number): void {
    this.#peer(member).clock_offset_ms = clock_offset_ms;
  }

  /** A number never returned before for this destination; null: a request without one. */
  nextCounter(destination: Member | null): number {
    if (destination === null) {
      this.#unaddressed_counter += 1;
      return this.#unaddressed_counter;
    }
    const peer = this.#peer(destination);
    peer.counter += 1;
    return peer.counter;
  }

  #peer(member: Member): Peer {
    const key = memberKey(member);
    const known = this.#peers.get(key);
    if (known !== undefined) return known;
    if (this.#peers.size >= this.#peers_max) this.#forgetFirst();
    const peer: Peer = { boot_id: '', clock_offset_ms: 0, counter: this.#counter_floor };
    this.#peers.set(key, peer);
    return peer;
  }

  #forgetFirst(): void {
    for (const [key, peer] of this.#peers) {
      this.#counter_floor = Math.max(this.#counter_floor, peer.counter);
      this.#peers.delete(key);
      return;
    }
  }
}
