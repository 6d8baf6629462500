import { err, ok } from '../../base/result.ts';
import type { Result } from '../../base/result.ts';
import type { Configuration, Member, NodeId } from '../../consensus/raft/configuration.ts';
import { allMembers } from '../../consensus/raft/configuration.ts';
import type { MembershipChange } from '../../consensus/raft/membership.ts';
import type { MembersRequest } from './wire.ts';

/** Where names are looked up. */
export interface KnownReplicas {
  readonly configuration: Configuration;
  /** The replica of that name that runs now, with the disk it has; null: none is known. */
  readonly running: (node_id: NodeId) => Member | null;
}

/** The name that nobody has, and what it was named for. */
export interface UnknownName {
  readonly node_id: NodeId;
  readonly as: 'member' | 'running';
}

/**
 * Names as pairs. A replica that is added under the name of a member with another disk takes its place; a
 * replacement is promoted when it is a learner already, and added otherwise.
 */
export function resolveChange(
  request: MembersRequest,
  { configuration, running }: KnownReplicas,
): Result<MembershipChange, UnknownName> {
  const members = allMembers(configuration);
  const memberOf = (node_id: NodeId): Member | null =>
    members.find((member) => member.node_id === node_id) ?? null;
  const unknown: UnknownName[] = [];
  const membersOf = (node_ids: readonly NodeId[]): readonly Member[] =>
    node_ids.flatMap((node_id) => {
      const member = memberOf(node_id);
      if (member === null) unknown.push({ node_id, as: 'member' });
      return member ?? [];
    });
  const { add = [], remove = [], promote = [], demote = [], replace = [] } = request;
  const learners = new Set(configuration.learners.map(({ node_id }) => node_id));
  const new_ids = replace.map((one) => one.new);
  const promoted = new_ids.filter((node_id) => learners.has(node_id));
  const added = [...add, ...new_ids.filter((node_id) => !learners.has(node_id))];
  const add_learners = added.flatMap((node_id) => {
    const found = running(node_id);
    if (found === null) unknown.push({ node_id, as: 'running' });
    return found ?? [];
  });
  const displaced = add_learners.flatMap(({ node_id, storage_id }) => {
    const old = memberOf(node_id);
    return old === null || old.storage_id === storage_id ? [] : old;
  });
  const leaving = membersOf([...remove, ...replace.map((one) => one.old)]);
  const change: MembershipChange = {
    add_learners,
    remove: [...new Set([...leaving, ...displaced])],
    promote: membersOf([...promote, ...promoted]),
    demote: membersOf(demote),
    voters_wanted: request.voters_wanted ?? null,
  };
  const [first] = unknown;
  return first === undefined ? ok(change) : err(first);
}
