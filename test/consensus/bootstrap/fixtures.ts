import type { OwnBootstrapState } from '../../../src/consensus/bootstrap/bootstrap-state.ts';
import type { BootstrapPromise } from '../../../src/consensus/bootstrap/promise.ts';
import type { Member } from '../../../src/consensus/raft/configuration.ts';

/** `member('a', 2)`: node a with its second disk. */
export function member(node_id: string, disk = 1): Member {
  return { node_id, storage_id: `${node_id}-disk-${disk}` };
}

export const a = member('a');
export const b = member('b');
export const c = member('c');

export function promiseOf(changes: Partial<BootstrapPromise> = {}): BootstrapPromise {
  return { cluster_id: 'c1', proposal_number: 1, proposer: a, members: [a, b, c], ...changes };
}

export function stateOf(
  of: Member,
  changes: Partial<Omit<OwnBootstrapState, 'member'>> = {},
): OwnBootstrapState {
  return {
    member: of,
    promise: null,
    cluster_id: null,
    last_index: 0,
    commit_index: 0,
    ...changes,
  };
}
