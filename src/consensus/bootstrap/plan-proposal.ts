import { assert } from '../../base/assert.ts';
import { sameMember } from '../raft/configuration.ts';
import type { Member, NodeId, StorageId } from '../raft/configuration.ts';
import type { BootstrapSituation, BootstrapState, OwnBootstrapState } from './bootstrap-state.ts';
import type { BootstrapStep, PromiseToDrop } from './bootstrap-step.ts';
import { compareNodeIds } from './member-order.ts';
import { sameMembers, samePromise } from './promise.ts';
import type { BootstrapPromise } from './promise.ts';

/**
 * What the lowest member does, having no log and no cluster, and no promise but its own. `seen` are the
 * other replicas, none of which has a cluster.
 */
export function planProposal(situation: BootstrapSituation): BootstrapStep {
  const { own, wanted, seen } = situation;
  assert(own.promise === null || sameMember(own.promise.proposer, own.member), 'not its promise');
  const obstacle = findObstacle(own, wanted, seen);
  if (obstacle !== null) return obstacle;
  const drops = promisesToOldStorage(own.member, seen);
  if (drops.length > 0) {
    return findMissingWitness(own.member, drops, seen) ?? { kind: 'ask_drops', drops };
  }
  const members = membersOf(own, wanted, seen);
  const highest_seen = highestNumber(own.member, seen);
  const current = own.promise;
  if (
    current === null ||
    !sameMembers(current.members, members) ||
    seen.some((state) => contradicts(state.promise, current))
  ) {
    return {
      kind: 'hold_promise',
      reason: current === null ? 'proposed' : 'proposed_anew',
      promise: {
        cluster_id: situation.fresh_cluster_id,
        proposal_number: Math.max(highest_seen, current?.proposal_number ?? 0) + 1,
        proposer: own.member,
        members,
      },
    };
  }
  const without_promise = members.filter(
    (member) => !sameMember(member, own.member) && !holds(member, current, seen),
  );
  return without_promise.length === 0
    ? { kind: 'write_first_entry', promise: current }
    : { kind: 'ask_promises', promise: current, members: without_promise };
}

/** Why no proposal can be made or go on now. */
function findObstacle(
  own: OwnBootstrapState,
  wanted: readonly NodeId[],
  seen: readonly BootstrapState[],
): BootstrapStep | null {
  const names = seen.map((state) => state.member.node_id);
  if (names.includes(own.member.node_id)) {
    return wait('another replica runs under this NODE_ID', [own.member.node_id]);
  }
  const doubles = names.filter((node_id, index) => names.indexOf(node_id) !== index);
  if (doubles.length > 0) return wait('two replicas answer under one NODE_ID', doubles);
  const with_log = seen.filter((state) => state.last_index > 0);
  if (with_log.length > 0) {
    return wait('a first entry exists and is not committed yet', nodesOf(with_log));
  }
  const missing = wanted.filter(
    (node_id) => node_id !== own.member.node_id && !names.includes(node_id),
  );
  if (missing.length > 0) return wait('all members must answer', missing);
  const promised_elsewhere = seen.filter(
    ({ member, promise }) =>
      wanted.includes(member.node_id) &&
      promise !== null &&
      promise.proposer.node_id !== own.member.node_id,
  );
  if (promised_elsewhere.length > 0) {
    return wait(
      'members have promised themselves to another proposer',
      nodesOf(promised_elsewhere),
    );
  }
  return null;
}

/** Promises made to this node when it had another disk. */
function promisesToOldStorage(
  own: Member,
  seen: readonly BootstrapState[],
): readonly PromiseToDrop[] {
  return seen.flatMap(({ member, promise }) => {
    if (promise === null || promise.proposer.node_id !== own.node_id) return [];
    return promise.proposer.storage_id === own.storage_id ? [] : [{ member, promise }];
  });
}

/**
 * Every other member that the lost proposal names must say, with the same disk, that it has no log.
 * Earlier proposals of the same disk were withdrawn, so the last one counts.
 */
function findMissingWitness(
  own: Member,
  drops: readonly PromiseToDrop[],
  seen: readonly BootstrapState[],
): BootstrapStep | null {
  const last_of = new Map<StorageId, BootstrapPromise>();
  for (const { promise } of drops) {
    const last = last_of.get(promise.proposer.storage_id);
    if (last === undefined || last.proposal_number < promise.proposal_number) {
      last_of.set(promise.proposer.storage_id, promise);
    }
  }
  const absent = [...last_of.values()]
    .flatMap((promise) => promise.members)
    .filter((member) => member.node_id !== own.node_id)
    .filter((member) => !seen.some((state) => sameMember(state.member, member)));
  if (absent.length === 0) return null;
  const nodes = [...new Set(absent.map((member) => member.node_id))];
  return wait('an earlier proposal stands until every member it names says it has no log', nodes);
}

function membersOf(
  own: OwnBootstrapState,
  wanted: readonly NodeId[],
  seen: readonly BootstrapState[],
): readonly Member[] {
  const members = [own, ...seen]
    .map((state) => state.member)
    .filter((member) => wanted.includes(member.node_id))
    .sort((one, other) => compareNodeIds(one.node_id, other.node_id));
  assert(members.length === wanted.length, 'not every wanted member exactly once');
  return members;
}

function highestNumber(own: Member, seen: readonly BootstrapState[]): number {
  return seen.reduce((highest, { promise }) => {
    const of_own = promise !== null && sameMember(promise.proposer, own);
    return of_own ? Math.max(highest, promise.proposal_number) : highest;
  }, 0);
}

/** Held at a number that the current proposal cannot replace. */
function contradicts(held: BootstrapPromise | null, current: BootstrapPromise): boolean {
  return (
    held !== null &&
    sameMember(held.proposer, current.proposer) &&
    held.proposal_number >= current.proposal_number &&
    !samePromise(held, current)
  );
}

function holds(
  member: Member,
  promise: BootstrapPromise,
  seen: readonly BootstrapState[],
): boolean {
  return seen.some(
    (state) => sameMember(state.member, member) && samePromise(state.promise, promise),
  );
}

function nodesOf(states: readonly BootstrapState[]): readonly NodeId[] {
  return states.map((state) => state.member.node_id);
}

function wait(reason: string, nodes: readonly NodeId[]): BootstrapStep {
  return { kind: 'wait', reason, nodes };
}
