import type { ClusterId, Member } from '../raft/configuration.ts';

/** Who this replica is, as it stands at the moment of asking. */
export interface Identity extends Member {
  /** Fresh and random at every start of the process: nonces count from there. */
  readonly boot_id: string;
  /** Null until this replica belongs to a cluster, or has promised to. */
  clusterId(): ClusterId | null;
}
