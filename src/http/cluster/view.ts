import { allMembers, isVoter, sameMember } from '../../consensus/raft/configuration.ts';
import type { Configuration, Member } from '../../consensus/raft/configuration.ts';
import { limits } from '../../limits.ts';
import type { ReplicaStatus } from '../../replica/replica.ts';
import type { NodeAddress } from '../dependencies.ts';
import type {
  ClusterNode,
  ClusterStatus,
  Health,
  Leaders,
  LogSummary,
  RaftHealth,
  RaftState,
} from './view-schema.ts';

/** What one replica knows of its cluster, at one moment. */
export interface ClusterSight {
  readonly status: ReplicaStatus;
  readonly addresses: readonly NodeAddress[];
}

/** `GET /cluster/status`. What this replica cannot know of another is null. */
export function presentClusterStatus(sight: ClusterSight): ClusterStatus {
  const { status } = sight;
  const { configuration } = status;
  const members = configuration === null ? [] : allMembers(configuration);
  const nodes = members.map((member) => presentNode(sight, member));
  return {
    current_node_id: status.node_id,
    current_role: status.role,
    leader_id: status.leader?.node_id ?? null,
    leader_address: leaderAddress(sight),
    total_nodes: members.length,
    nodes,
    group: status.group_id,
    cluster_id: configuration?.cluster_id ?? null,
    term: status.term,
    commit_index: status.commit_index,
    applied_index: status.applied_index,
    quorum_margin: configuration === null ? null : quorumMargin(configuration, nodes),
  };
}

function presentNode(sight: ClusterSight, member: Member): ClusterNode {
  const { status, addresses } = sight;
  const address = addresses.find((known) => known.node_id === member.node_id);
  const is_self = member.node_id === status.node_id;
  const is_leader = status.leader !== null && sameMember(status.leader, member);
  const progress = progressOf(status, member.node_id);
  const last_contact_ms = is_self ? 0 : (progress.last_contact_ms ?? address?.last_seen_ms ?? null);
  const healthy = last_contact_ms !== null && last_contact_ms <= limits.healthy_within_ms;
  const is_learner =
    status.configuration?.learners.some((learner) => sameMember(learner, member)) === true;
  const others_role = is_leader ? 'leader' : is_learner ? 'learner' : 'follower';
  return {
    id: member.node_id,
    address: address?.address_url ?? null,
    role: is_self ? status.role : others_role,
    is_leader,
    healthy,
    voter: status.configuration !== null && isVoter(status.configuration, member),
    term: is_self || is_leader || (status.role === 'leader' && healthy) ? status.term : null,
    commit_index: progress.commit_index,
    applied_index: progress.applied_index,
    lag:
      progress.applied_index === null
        ? null
        : Math.max(0, status.commit_index - progress.applied_index),
    last_contact_ms,
  };
}

/** How far another is, only its leader knows. */
function progressOf(status: ReplicaStatus, node_id: string) {
  if (node_id === status.node_id) {
    const { commit_index, applied_index } = status;
    return { commit_index, applied_index, last_contact_ms: 0 };
  }
  const peer = status.peers.find((known) => known.node_id === node_id);
  if (peer === undefined) return { commit_index: null, applied_index: null, last_contact_ms: null };
  return {
    commit_index: Math.min(peer.match_index, status.commit_index),
    applied_index: peer.applied_index,
    last_contact_ms: peer.last_contact_ms,
  };
}

/** How many more voters may be lost before there is no majority; negative: there is none. */
function quorumMargin(configuration: Configuration, nodes: readonly ClusterNode[]): number {
  const majority = Math.floor(configuration.voters.length / 2) + 1;
  return nodes.filter((node) => node.voter && node.healthy).length - majority;
}

function leaderAddress({ status, addresses }: ClusterSight): string | null {
  const leader_id = status.leader?.node_id;
  return addresses.find((known) => known.node_id === leader_id)?.address_url ?? null;
}

/** `GET /leaders`. */
export function presentLeaders(sight: ClusterSight): Leaders {
  const { status } = sight;
  return {
    [status.group_id]: {
      leader: leaderAddress(sight),
      leader_id: status.leader?.node_id ?? null,
      term: status.term,
      nodes: status.configuration === null ? [] : nodeIds(allMembers(status.configuration)),
      status: healthOf(status),
    },
  };
}

/** `GET /raft/state`. `digest` belongs to `applied_index`. */
export function presentRaftState({ status }: ClusterSight): RaftState {
  return {
    node_id: status.node_id,
    group: status.group_id,
    role: status.role,
    term: status.term,
    leader_id: status.leader?.node_id ?? null,
    commit_index: status.commit_index,
    applied_index: status.applied_index,
    last_index: status.last_index,
    digest: status.digest,
    voters: nodeIds(status.configuration?.voters ?? []),
    learners: nodeIds(status.configuration?.learners ?? []),
  };
}

/** `GET /raft/log/summary`. */
export function presentLogSummary({ status }: ClusterSight): LogSummary {
  return {
    node_id: status.node_id,
    role: status.role,
    last_index: status.last_index,
    last_term: status.last_term,
    commit_index: status.commit_index,
    first_index: status.first_index,
    snapshot_index: status.snapshot_index,
  };
}

/** `GET /raft/health`. */
export function presentRaftHealth({ status }: ClusterSight): RaftHealth {
  return {
    status: healthOf(status),
    is_leader: status.role === 'leader',
    leader_id: status.leader?.node_id ?? null,
    term: status.term,
  };
}

/** `GET /health`: open to all, so it names no person. */
export function presentHealth({ status }: ClusterSight): Health {
  return {
    status: healthOf(status),
    node_id: status.node_id,
    role: status.role,
    leader_id: status.leader?.node_id ?? null,
    term: status.term,
    groups: [status.group_id],
  };
}

function healthOf(status: ReplicaStatus): 'ok' | 'no_leader' {
  return status.leader === null ? 'no_leader' : 'ok';
}

function nodeIds(members: readonly Member[]): string[] {
  return members.map((member) => member.node_id);
}
