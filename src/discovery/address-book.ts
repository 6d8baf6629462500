import { assert } from '../base/assert.ts';
import { compareNodeIds } from '../consensus/bootstrap/member-order.ts';
import { memberKey } from '../consensus/raft/configuration.ts';
import type { Member, MemberKey, NodeId } from '../consensus/raft/configuration.ts';
import { limits } from '../limits.ts';
import type { AddressEntry, AddressSource, Announcement } from './address-entry.ts';

export interface AddressBookOptions {
  /** This replica, which is not in its own book. */
  readonly own_node_id: NodeId;
  readonly nowMs: () => number;
}

export type AddressBookListener = (entries: readonly AddressEntry[]) => void;

/**
 * Where the other replicas are: one entry for each pair of node id and storage id, in an immutable table
 * that is replaced when something changes. It says nothing about who votes; that is in the log. A pair never
 * takes the address of another: a second process under one NODE_ID draws no traffic from the first. Once a
 * pair has aged out and another of its node id has not, it is dropped: that node came back with another disk.
 *
 * An entry not seen for `limits.address_ttl_ms` stays to be shown and is no longer dialled. Entries that
 * an earlier run stored are dialled for that long after the start.
 */
export class AddressBook {
  readonly #options: AddressBookOptions;
  readonly #started_ms: number;
  readonly #listeners = new Set<AddressBookListener>();
  /** Boots that said good-bye: what others still tell of them is old. */
  readonly #left_boots = new Set<string>();
  #by_pair: ReadonlyMap<MemberKey, AddressEntry> = new Map();
  #entries: readonly AddressEntry[] = [];
  #revision = 0;

  constructor(options: AddressBookOptions) {
    this.#options = options;
    this.#started_ms = options.nowMs();
  }

  /** Ordered by node id, and by storage id under one node id. */
  get entries(): readonly AddressEntry[] {
    return this.#entries;
  }

  /** Grows with every change, of `last_seen_ms` too. */
  get revision(): number {
    return this.#revision;
  }

  /** Of all pairs with this node id the one seen last. */
  get(node_id: NodeId): AddressEntry | null {
    const found = this.#entries.filter((entry) => entry.node_id === node_id);
    found.sort((one, other) => other.last_seen_ms - one.last_seen_ms);
    return found[0] ?? null;
  }

  /** Where this very pair was seen last, however long ago. */
  entryOf(member: Member): AddressEntry | null {
    return this.#by_pair.get(memberKey(member)) ?? null;
  }

  /** Those seen recently enough to be worth a call. */
  dialable(): readonly AddressEntry[] {
    return this.#entries.filter((entry) => this.#isDialable(entry));
  }

  /** Where this very pair is, if it was seen recently enough to be worth a call. */
  dialableAddress(member: Member): string | null {
    const entry = this.entryOf(member);
    return entry !== null && this.#isDialable(entry) ? entry.address : null;
  }

  #isDialable(entry: AddressEntry): boolean {
    const seen_ms =
      entry.source === 'stored'
        ? Math.max(entry.last_seen_ms, this.#started_ms)
        : entry.last_seen_ms;
    return this.#options.nowMs() - seen_ms < limits.address_ttl_ms;
  }

  /** The replica itself was heard, just now: this replaces whatever was known of this pair. */
  observe(announcement: Announcement, source: AddressSource): void {
    if (announcement.node_id === this.#options.own_node_id) return;
    this.#left_boots.delete(announcement.boot_id);
    this.#put([{ ...plain(announcement), source, last_seen_ms: this.#options.nowMs() }]);
  }

  /** What another replica's book says: counts where it was seen more recently there. */
  mergeHearsay(entries: readonly AddressEntry[], source: 'gossip' | 'stored'): void {
    const now_ms = this.#options.nowMs();
    const news = entries
      .filter((entry) => entry.node_id !== this.#options.own_node_id)
      .filter((entry) => !this.#left_boots.has(entry.boot_id))
      .map((entry) => {
        // A clock that is ahead must not outweigh what is seen here later.
        const last_seen_ms = Math.min(entry.last_seen_ms, now_ms - 1);
        return { ...plain(entry), source: this.#sourceOf(entry, source), last_seen_ms };
      })
      .filter((entry) => {
        const known = this.entryOf(entry);
        return known === null || known.last_seen_ms < entry.last_seen_ms;
      })
      .filter(
        (entry) => source === 'stored' || now_ms - entry.last_seen_ms < limits.address_ttl_ms,
      );
    this.#put(news);
  }

  /** Second-hand news of a boot known first-hand do not change how it is known. */
  #sourceOf(entry: AddressEntry, source: 'gossip' | 'stored'): AddressSource {
    const known = this.entryOf(entry);
    return known !== null && known.boot_id === entry.boot_id ? known.source : source;
  }

  /** The replica says good-bye. Another boot of it is not meant. */
  forget(member: Member, boot_id: string): void {
    this.#left_boots.add(boot_id);
    for (const oldest of this.#left_boots) {
      if (this.#left_boots.size <= limits.address_book_max) break;
      this.#left_boots.delete(oldest);
    }
    if (this.entryOf(member)?.boot_id !== boot_id) return;
    const next = new Map(this.#by_pair);
    next.delete(memberKey(member));
    this.#replace(next, true);
  }

  /** Calls back with the new table when anything but a time changes; returns how to stop that. */
  subscribe(listener: AddressBookListener): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  #put(entries: readonly AddressEntry[]): void {
    if (entries.length === 0) return;
    const next = new Map(this.#by_pair);
    let is_material = false;
    for (const entry of entries) {
      const key = memberKey(entry);
      is_material ||= !sameAnnouncement(next.get(key), entry);
      next.set(key, Object.freeze(entry));
    }
    const dropped = this.#replacedPairs(next);
    for (const key of dropped) next.delete(key);
    this.#replace(next, is_material || dropped.length > 0);
  }

  /** Those that have aged out while another pair of their node id has not. */
  #replacedPairs(table: ReadonlyMap<MemberKey, AddressEntry>): readonly MemberKey[] {
    const live = new Set<NodeId>();
    for (const entry of table.values()) if (this.#isDialable(entry)) live.add(entry.node_id);
    return [...table]
      .filter(([, entry]) => live.has(entry.node_id) && !this.#isDialable(entry))
      .map(([key]) => key);
  }

  #replace(next: Map<MemberKey, AddressEntry>, is_material: boolean): void {
    const ordered = [...next.values()];
    if (ordered.length > limits.address_book_max) {
      ordered.sort((one, other) => other.last_seen_ms - one.last_seen_ms);
      for (const entry of ordered.splice(limits.address_book_max)) next.delete(memberKey(entry));
    }
    assert(next.size <= limits.address_book_max, 'the address book is over its bound');
    ordered.sort(
      (one, other) =>
        compareNodeIds(one.node_id, other.node_id) || (one.storage_id < other.storage_id ? -1 : 1),
    );
    this.#by_pair = next;
    this.#entries = Object.freeze(ordered);
    this.#revision += 1;
    if (!is_material) return;
    for (const listener of this.#listeners) listener(this.#entries);
  }
}

function plain(announcement: Announcement): Announcement {
  const { node_id, storage_id, boot_id, address, api_url, public_url } = announcement;
  return { node_id, storage_id, boot_id, address, api_url, public_url };
}

function sameAnnouncement(one: Announcement | undefined, other: Announcement): boolean {
  return (
    one !== undefined &&
    one.storage_id === other.storage_id &&
    one.boot_id === other.boot_id &&
    one.address === other.address &&
    one.api_url === other.api_url &&
    one.public_url === other.public_url
  );
}
