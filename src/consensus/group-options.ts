import type { RepairPort } from './log-reader.ts';
import type { Prng } from '../base/prng.ts';
import type { SnapshotOptions } from './group-snapshots.ts';
import type { Clock, LogStore, Observer, StateMachine, Transport } from './ports.ts';
import type { GroupId, Member } from './raft/configuration.ts';
import type { Step } from './raft/step.ts';

/** What broke: an invariant of the core, the log store, or the state machine. */
export type FailedPart = 'core' | 'log' | 'state';

export interface GroupOptions {
  readonly group_id: GroupId;
  readonly self: Member;
  /** The timeout is drawn between this and 1.5 times it. */
  readonly election_timeout_ms: number;
  readonly heartbeat_ms: number;
  readonly tick_ms: number;
  /** `LEADER_PRIORITY`. */
  readonly priority: number;
  /** See `limits.leader_priority_pause_ms`, which it is unless said. */
  readonly priority_pause_ms?: number;
  readonly store: LogStore;
  readonly transport: Transport;
  readonly state_machine: StateMachine;
  readonly clock: Clock;
  readonly prng: Prng;
  readonly observer: Observer;
  /** Where entries come from that are damaged on the disk; without it, one that is read ends the group. */
  readonly repair?: RepairPort;
  /** Nothing can be applied for now, and why; null: it goes on. */
  readonly onApplyStalled?: (why: Error | null) => void;
  /** Absent: the log is never cut. */
  readonly snapshots?: SnapshotOptions;
  /** The rules of Raft; the real ones unless a test plants others. */
  readonly step?: Step;
  /** Something that cannot be gone on from; after `state`, the group still votes and replicates. */
  readonly onFailed: (part: FailedPart, error: unknown) => void;
}
