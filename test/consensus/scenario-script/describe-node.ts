import { unreachable } from '../../../src/base/assert.ts';
import type { Configuration, Member } from '../../../src/consensus/raft/configuration.ts';
import type { MembershipResult, Persist } from '../../../src/consensus/raft/effect.ts';
import type { RaftState } from '../../../src/consensus/raft/state.ts';
import { describeEntries, describeEntry } from './describe-message.ts';
import type { ScenarioNode } from './node.ts';

/** Replicas in words. */

export function describeStatus({ name, replica }: ScenarioNode): string {
  const { core, disk } = replica;
  if (core === null) {
    const { term, voted_for } = disk.hard_state;
    return `${name} is down; on disk: term ${term}, ${voteFor(voted_for)}, log through ${disk.entries.length}`;
  }
  const { applied_index, commit_index, log } = core;
  return `${name} ${describeRole(core)}, ${voteFor(core.voted_for)}; applied ${applied_index}, committed ${commit_index}, on disk ${log.persisted_index}, last ${log.last_index}`;
}

export function describeLog({ name, replica }: ScenarioNode): string {
  const on_disk = replica.core?.log.persisted_index ?? replica.disk.entries.length;
  const entries = replica.core === null ? replica.disk.entries : replica.entries;
  const safe = describeEntries(entries.slice(0, on_disk));
  const unsafe = entries.slice(on_disk).map(describeEntry);
  return `${name} ${[safe, ...unsafe.map((entry) => `(${entry})`)].join(', ')}`;
}

export function describeRole(state: RaftState): string {
  switch (state.role) {
    case 'leader':
      return `leads term ${state.term}`;
    case 'candidate':
      return `is candidate in term ${state.term}`;
    case 'pre_candidate':
      return `asks whether to stand, in term ${state.term}`;
    case 'follower':
      return `follows ${state.leader?.node_id ?? 'nobody'} in term ${state.term}`;
    default:
      return unreachable(state.role);
  }
}

export function describeWrite({ hard_state, truncate_from, entries }: Persist): string {
  const parts: string[] = [];
  if (hard_state !== null) parts.push(`term ${hard_state.term}, ${voteFor(hard_state.voted_for)}`);
  if (truncate_from !== null) parts.push(`nothing from ${truncate_from} on`);
  if (entries.length > 0) parts.push(describeEntries(entries));
  return parts.join('; ');
}

export function describeConfiguration(configuration: Configuration | null): string {
  if (configuration === null) return 'no members';
  const { voters, outgoing_voters, learners } = configuration;
  const before = outgoing_voters.length > 0 ? `, and as before ${namesOf(outgoing_voters)}` : '';
  const more = learners.length > 0 ? `; learners ${namesOf(learners)}` : '';
  return `voters ${namesOf(voters)}${before}${more}`;
}

export function describeResult(result: MembershipResult): string {
  switch (result.kind) {
    case 'committed':
      return `committed at ${result.index}`;
    case 'refused':
      return `refused, ${result.reason}`;
    case 'unknown':
      return 'unknown';
    default:
      return unreachable(result);
  }
}

function namesOf(members: readonly Member[]): string {
  return members.map((member) => member.node_id).join(' ');
}

function voteFor(member: Member | null): string {
  return member === null ? 'no vote' : `vote for ${member.node_id}`;
}
