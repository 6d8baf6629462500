import type { ClusterId, Member, NodeId } from '../raft/configuration.ts';
import type { LogIndex } from '../raft/entry.ts';
import type { BootstrapPromise } from './promise.ts';

/**
 * What a replica says of itself while a cluster forms. Only what is on its disk. A replica with a
 * promise, a log or a cluster id is not empty.
 */
export interface BootstrapState {
  readonly member: Member;
  readonly promise: BootstrapPromise | null;
  /** Set once its cluster's first entry is committed; or when it joined a cluster that had formed. */
  readonly cluster_id: ClusterId | null;
  readonly last_index: LogIndex;
}

/** The replica's own state, of which it knows more. */
export interface OwnBootstrapState extends BootstrapState {
  readonly commit_index: LogIndex;
}

export interface BootstrapSituation {
  readonly own: OwnBootstrapState;
  /** `CLUSTER_MEMBERS`. */
  readonly wanted: readonly NodeId[];
  /**
   * What other replicas said of themselves, each answering a question that was asked **after** `own` was
   * read: an older answer may tell of a proposer before it proposed.
   */
  readonly seen: readonly BootstrapState[];
  /** An id never used before, for the case that a proposal is made. */
  readonly fresh_cluster_id: ClusterId;
}

/**
 * The cluster a replica speaks for: its own, or the one it has promised itself to, whose entries it
 * accepts and to whose members it grants votes.
 */
export function effectiveClusterId(
  state: Pick<BootstrapState, 'cluster_id' | 'promise'>,
): ClusterId | null {
  return state.cluster_id ?? state.promise?.cluster_id ?? null;
}
