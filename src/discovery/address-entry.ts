import type { NodeId, StorageId } from '../consensus/raft/configuration.ts';

/** How a replica came into the book. `stored`: by an earlier run of this process. */
export type AddressSource = 'seed' | 'join' | 'gossip' | 'stored';

/** Where a replica says it can be reached. */
export interface Announcement {
  readonly node_id: NodeId;
  readonly storage_id: StorageId;
  readonly boot_id: string;
  /** `host:port` for other replicas. */
  readonly address: string;
  /** Origin of its API on the replicas' network. */
  readonly api_url: string;
  /** Origin by which clients reach this very replica; null: they cannot. */
  readonly public_url: string | null;
}

export interface AddressEntry extends Announcement {
  readonly source: AddressSource;
  /** When somebody last talked to it, by that replica's clock: milliseconds since 1970. */
  readonly last_seen_ms: number;
}
