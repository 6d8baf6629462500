import type { NodeEventFacts, NodeEventSink, NodeAction } from '../agenda/node-event.ts';
import { unreachable } from '../base/assert.ts';
import type { Observer, SnapshotEvent } from '../consensus/ports.ts';
import type { Configuration } from '../consensus/raft/configuration.ts';
import type { LogIndex } from '../consensus/raft/entry.ts';

type Audited = Pick<Observer, 'roleChanged' | 'snapshot' | 'transferEnded'>;

/** Tells the audit of elections, leaders, transfers and snapshots. */
export function auditObserver(sink: NodeEventSink): Audited {
  let last_role = 'follower';
  let last_leader_id: string | null = null;
  return {
    roleChanged(role, term, leader) {
      const action = meaningOf(last_role, role);
      last_role = role;
      if (action !== null) tell(sink, action, { term });
      if (leader === null || leader.node_id === last_leader_id) return;
      last_leader_id = leader.node_id;
      tell(sink, 'raft.leader_changed', { term, leader_id: leader.node_id });
    },
    transferEnded: (outcome) => tell(sink, 'raft.transfer_ended', { outcome }),
    snapshot: (event) => tellOfSnapshot(sink, event),
  };
}

/** Null: nothing that operators must hear of; asking whether an election would be won is no election. */
function meaningOf(before: string, now: string): NodeAction | null {
  if (before === now) return null;
  if (now === 'candidate') return 'raft.election_started';
  if (now === 'leader') return 'raft.election_won';
  if (before === 'candidate') return 'raft.election_lost';
  return before === 'leader' ? 'raft.stepped_down' : null;
}

function tellOfSnapshot(sink: NodeEventSink, event: SnapshotEvent): void {
  switch (event.kind) {
    case 'sent': {
      const { base, bytes } = event.manifest;
      tell(sink, 'raft.snapshot_sent', { to: event.to.node_id, index: base.index, bytes });
      return;
    }
    case 'installed': {
      const { base, bytes } = event.manifest;
      tell(sink, 'raft.snapshot_installed', { index: base.index, bytes });
      return;
    }
    case 'failed':
      tell(sink, 'raft.snapshot_failed', { what: event.what });
      return;
    default:
      return unreachable(event);
  }
}

/** Of what is nobody's doing, and happened in no request. */
export function tell(sink: NodeEventSink, action: NodeAction, facts: NodeEventFacts): void {
  sink.record({ action, actor_key: null, request_id: null, facts });
}

/** What a replica sees of itself in the cluster. */
export interface Standing {
  /** The log that was on its disk when it started ends there; 0: it had none. */
  readonly started_at: LogIndex;
  readonly applied_index: LogIndex;
  readonly commit_index: LogIndex;
  readonly term: number;
  readonly leader_id: string | null;
  /** In force in the state, with its index; null: none is applied yet. */
  readonly placed: { readonly index: LogIndex; readonly configuration: Configuration } | null;
}

/**
 * Called now and then, tells the audit when this replica is up to date for the first time since it started,
 * and when other members are in force.
 */
export function createStandingWatch(sink: NodeEventSink): (standing: Standing) => void {
  let is_up_to_date = false;
  let last_index: LogIndex | null = null;
  return ({ started_at, applied_index, commit_index, term, leader_id, placed }) => {
    if (!is_up_to_date && leader_id !== null && placed !== null && applied_index >= commit_index) {
      is_up_to_date = true;
      const action = started_at === 0 ? 'replica.joined' : 'replica.rejoined';
      const entries = Math.max(0, applied_index - started_at);
      tell(sink, action, { term, leader_id, applied_index, entries });
    }
    if (placed === null || placed.index === last_index) return;
    const is_news = placed.index > Math.max(started_at, last_index ?? 0);
    last_index = placed.index;
    // A joint configuration is on the way to another one.
    if (!is_news || placed.configuration.outgoing_voters.length > 0) return;
    const { voters, learners } = placed.configuration;
    tell(sink, 'raft.configuration_changed', {
      index: placed.index,
      voters: voters.map(({ node_id }) => node_id),
      learners: learners.map(({ node_id }) => node_id),
    });
  };
}
