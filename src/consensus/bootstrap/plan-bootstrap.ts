import { assert, must } from '../../base/assert.ts';
import { sameMember } from '../raft/configuration.ts';
import type { ClusterId } from '../raft/configuration.ts';
import type { BootstrapSituation, BootstrapState, OwnBootstrapState } from './bootstrap-state.ts';
import type { BootstrapStep } from './bootstrap-step.ts';
import { compareNodeIds } from './member-order.ts';
import { planProposal } from './plan-proposal.ts';
import type { BootstrapPromise } from './promise.ts';

/**
 * The next step of a unanimous bootstrap. The lowest of the wanted members proposes; each member makes
 * one such promise; the first entry is written when all hold it. A replica that meets a formed cluster
 * joins it; one that is not among the wanted does nothing else. Safety rests on three facts:
 *
 * - the first entry needs the promise of every member, so two proposals cannot both be written;
 * - who holds a log never drops its promise, and the drop of a proposal whose proposer lost its disk
 *   needs every other member, so nobody is left who could have the entry;
 * - `cluster_id` is set only when the first entry is committed, so a cluster that was joined outlives the
 *   loss of a minority.
 */
export function planBootstrap(situation: BootstrapSituation): BootstrapStep {
  const { own, wanted } = situation;
  assert(own.commit_index <= own.last_index, 'committed more than the log holds');
  if (own.cluster_id !== null) return { kind: 'formed', cluster_id: own.cluster_id };
  if (own.last_index > 0) return planWithLog(own);
  const others = situation.seen.filter((state) => !sameMember(state.member, own.member));
  const meeting =
    own.promise === null ? meetEmpty(own, others) : meetPromised(own, own.promise, others);
  if (meeting !== null) return meeting;
  if (!wanted.includes(own.member.node_id)) {
    return {
      kind: 'wait',
      reason:
        'CLUSTER_MEMBERS do not name this replica: it joins them when they have formed a cluster',
      nodes: [],
    };
  }
  const lowest = must([...wanted].sort(compareNodeIds)[0], 'no wanted member');
  if (own.member.node_id !== lowest) {
    if (own.promise !== null) return { kind: 'drop_promise', reason: 'withdrawn' };
    return { kind: 'wait', reason: 'the lowest member proposes', nodes: [lowest] };
  }
  return planProposal({ ...situation, seen: others });
}

/** It wrote the first entry or received it; the rest is the consensus's. */
function planWithLog(own: OwnBootstrapState): BootstrapStep {
  const promise = must(own.promise, 'a log without a promise or a cluster id');
  if (own.commit_index > 0) return { kind: 'adopt_cluster', cluster_id: promise.cluster_id };
  return { kind: 'wait', reason: 'the first entry is not committed yet', nodes: [] };
}

function meetEmpty(
  own: OwnBootstrapState,
  others: readonly BootstrapState[],
): BootstrapStep | null {
  const [formed, second] = formedClusters(others);
  if (second !== undefined) {
    return {
      kind: 'wait',
      reason: `two clusters answer, ${formed} and ${second}: which one to join is for people to say`,
      nodes: [],
    };
  }
  if (formed !== undefined) return { kind: 'adopt_cluster', cluster_id: formed };
  // It dropped this promise, and then the entry turned out to be written: its place is there.
  const written = others.find(
    (state) =>
      state.last_index > 0 &&
      state.promise?.members.some((member) => sameMember(member, own.member)) === true,
  );
  if (written !== undefined && written.promise !== null) {
    return { kind: 'hold_promise', reason: 'renewed', promise: written.promise };
  }
  return null;
}

function meetPromised(
  own: OwnBootstrapState,
  promise: BootstrapPromise,
  others: readonly BootstrapState[],
): BootstrapStep | null {
  if (sameMember(promise.proposer, own.member)) {
    const formed = formedClusters(others);
    if (formed.length === 0) return null;
    if (!formed.includes(promise.cluster_id)) return { kind: 'drop_promise', reason: 'withdrawn' };
    return { kind: 'wait', reason: 'the cluster it proposed exists already', nodes: [] };
  }
  const proposer = others.find((state) => sameMember(state.member, promise.proposer));
  if (proposer !== undefined && hasWithdrawn(proposer, promise)) {
    return { kind: 'drop_promise', reason: 'proposer_withdrew' };
  }
  return {
    kind: 'wait',
    reason: 'a promise is held; its proposer goes on',
    nodes: [promise.proposer.node_id],
  };
}

/**
 * The proposer held the promise durably before it asked anyone, and gives it up only to withdraw. (When
 * it has proposed anew it asks for the new promise itself.)
 */
function hasWithdrawn(proposer: BootstrapState, promise: BootstrapPromise): boolean {
  if (proposer.cluster_id !== null) return proposer.cluster_id !== promise.cluster_id;
  return proposer.promise === null && proposer.last_index === 0;
}

function formedClusters(others: readonly BootstrapState[]): readonly ClusterId[] {
  const ids = others.map((state) => state.cluster_id).filter((id) => id !== null);
  return [...new Set(ids)].sort();
}
