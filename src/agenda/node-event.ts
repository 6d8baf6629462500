import type { AuditComponent, AuditLevel } from './audit.ts';
import type { Instant, Key } from './model.ts';

/**
 * What may happen at one replica and is of concern to operators. It is in no command: the replica tells the
 * audit of it, which brings it into the log.
 */
export const node_actions = {
  'user.log_in': { component: 'users', level: 'info' },
  'user.log_in_failed': { component: 'users', level: 'warn' },
  'request.refused': { component: 'requests', level: 'warn' },
  'raft.election_started': { component: 'raft', level: 'info' },
  'raft.election_won': { component: 'raft', level: 'info' },
  'raft.election_lost': { component: 'raft', level: 'info' },
  'raft.stepped_down': { component: 'raft', level: 'warn' },
  'raft.leader_changed': { component: 'raft', level: 'info' },
  'raft.transfer_ended': { component: 'raft', level: 'info' },
  'raft.configuration_changed': { component: 'raft', level: 'info' },
  'raft.snapshot_sent': { component: 'raft', level: 'info' },
  'raft.snapshot_installed': { component: 'raft', level: 'info' },
  'raft.snapshot_failed': { component: 'raft', level: 'warn' },
  'replica.started': { component: 'replica', level: 'info' },
  'replica.joined': { component: 'replica', level: 'info' },
  'replica.rejoined': { component: 'replica', level: 'info' },
  'replica.stopping': { component: 'replica', level: 'info' },
  'replica.state_differs': { component: 'replica', level: 'error' },
  'replica.state_diverged': { component: 'replica', level: 'error' },
  'replica.state_rebuilt': { component: 'replica', level: 'warn' },
  'replica.recovered': { component: 'replica', level: 'warn' },
  'cluster.message_refused': { component: 'cluster', level: 'warn' },
  /** So many events were too much to keep; the payload says how many of each. */
  'audit.gap': { component: 'audit', level: 'warn' },
} as const satisfies Readonly<
  Record<string, { readonly component: AuditComponent; readonly level: AuditLevel }>
>;
export type NodeAction = keyof typeof node_actions;

/** Ids, names of the program's own, numbers: never what a person typed, and no secret. */
export type NodeEventFacts = Readonly<
  Record<string, string | number | boolean | readonly string[]>
>;

/** As it is told where it happens. */
export interface NodeEvent {
  readonly action: NodeAction;
  /** Null: nobody was logged in, or it is nobody's doing. */
  readonly actor_key: Key | null;
  /** Of the request it happened in; null: in none. */
  readonly request_id: string | null;
  readonly facts: NodeEventFacts;
}

/** As it waits to come into the log, and as it travels there. */
export interface AuditEvent {
  /** Grows within the run of a process. */
  readonly id: number;
  /** When it happened, by the clock of the replica. */
  readonly at: Instant;
  readonly component: AuditComponent;
  readonly action: string;
  readonly level: AuditLevel;
  readonly actor_key: Key | null;
  readonly request_id: string;
  /** JSON of the facts. */
  readonly payload: string;
  /** How many equal ones it stands for. */
  readonly count: number;
}

/** An event before it has its place in the queue. */
export type NewAuditEvent = Omit<AuditEvent, 'id'>;

/** Events that there was no room for. */
export interface LostEvents {
  readonly component: AuditComponent;
  readonly action: string;
  readonly count: number;
  /** When the first and the last of them happened. */
  readonly since: Instant;
  readonly until: Instant;
}

/** What the process that runs puts at the end of the queue. */
export interface AuditAppending {
  readonly run_id: string;
  readonly events: readonly NewAuditEvent[];
  /** Lost before they came here. */
  readonly lost: readonly LostEvents[];
  /** Says what was lost, as an event, once there is room again. */
  readonly gapOf: (lost: readonly LostEvents[]) => NewAuditEvent;
}

/** Told of what happens at this replica. Never waits, never throws. */
export interface NodeEventSink {
  record(event: NodeEvent): void;
}
