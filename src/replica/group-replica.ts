import { assert, unreachable } from '../base/assert.ts';
import type { Command } from '../agenda/command.ts';
import type { CommandOutcome } from '../agenda/outcome.ts';
import type { AgendaView } from '../agenda/view.ts';
import type { Group } from '../consensus/group.ts';
import type { ProposalResult } from '../consensus/pending-proposals.ts';
import type { Clock } from '../consensus/ports.ts';
import type { Member } from '../consensus/raft/configuration.ts';
import { isVoter } from '../consensus/raft/configuration.ts';
import type { LogIndex, Term } from '../consensus/raft/entry.ts';
import { lastPosition } from '../consensus/raft/log.ts';
import { limits } from '../limits.ts';
import type { RememberedRequest } from './agenda-store.ts';
import { encodeCommand } from './command-codec.ts';
import type {
  PeerStatus,
  ProposeResult,
  ReadResult,
  Replica,
  ReplicaRole,
  ReplicaStatus,
} from './replica.ts';

export interface GroupReplicaOptions {
  readonly group_id: string;
  readonly self: Member;
  readonly tick_ms: number;
  readonly group: Group;
  readonly view: AgendaView;
  /** The state machine's, of what is applied now. */
  readonly remembered: (scope_hash: string) => RememberedRequest | null;
  readonly clock: Clock;
  /** On a follower: what the leader says of the others. */
  readonly reported_peers: () => readonly PeerStatus[];
  /** The state machine's digest, of what is applied now. */
  readonly digest: () => string;
}

/** How soon a read that could not be confirmed is tried again; a change of leader wakes it earlier. */
const READ_RETRY_MS = 100;

/** {@link Replica} over one Raft group. */
export class GroupReplica implements Replica {
  readonly #options: GroupReplicaOptions;

  constructor(options: GroupReplicaOptions) {
    this.#options = options;
  }

  get view(): AgendaView {
    return this.#options.view;
  }

  remembered(scope_hash: string): RememberedRequest | null {
    return this.#options.remembered(scope_hash);
  }

  async propose(command: Command): Promise<ProposeResult> {
    const payload = encodeCommand(command);
    assert(payload.length <= limits.command_bytes_max, 'a command larger than a body can make it');
    const result = await this.#proposeSettled(command.request_id, payload);
    switch (result.kind) {
      case 'applied':
        return {
          kind: 'applied',
          index: result.index,
          // The state machine answers every command entry with an outcome of the agenda.
          outcome: result.outcome as CommandOutcome,
        };
      case 'refused':
        return {
          kind: 'not_proposed',
          reason: result.reason === 'transferring' ? 'not_leader' : result.reason,
        };
      case 'lost':
        return { kind: 'not_proposed', reason: 'not_leader' };
      case 'unknown':
        return result;
      default:
        return unreachable(result);
    }
  }

  /** While this leader hands over, a write waits here until it is known who leads next. */
  async #proposeSettled(request_id: string, payload: Uint8Array): Promise<ProposalResult> {
    const { group, clock } = this.#options;
    const deadline_ms = clock.now_ms() + limits.request_deadline_ms;
    for (;;) {
      const remaining_ms = deadline_ms - clock.now_ms();
      const result = await group.propose('command', request_id, payload, remaining_ms);
      if (result.kind !== 'refused' || result.reason !== 'transferring') return result;
      const patience_ms = deadline_ms - clock.now_ms();
      if (patience_ms <= 0) return result;
      await this.#changeOrTimeout(patience_ms);
    }
  }

  async readBarrier(): Promise<ReadResult> {
    const { group, clock } = this.#options;
    const deadline_ms = clock.now_ms() + limits.request_deadline_ms;
    for (;;) {
      const index = await this.#untilDeadline(group.readIndex(), deadline_ms);
      const remaining_ms = deadline_ms - clock.now_ms();
      if (index !== null) {
        return (await group.waitForApplied(index, remaining_ms)) ? 'ok' : 'no_quorum';
      }
      if (remaining_ms <= 0) return 'no_quorum';
      await this.#changeOrTimeout(Math.min(READ_RETRY_MS, remaining_ms));
    }
  }

  waitForIndex(index: LogIndex, timeout_ms: number): Promise<boolean> {
    return this.#options.group.waitForApplied(index, timeout_ms);
  }

  async waitForLeader(timeout_ms: number, past_term: Term = 0): Promise<Member | null> {
    const { group, clock } = this.#options;
    const deadline_ms = clock.now_ms() + timeout_ms;
    while (group.state.leader === null || group.state.term <= past_term) {
      const remaining_ms = deadline_ms - clock.now_ms();
      if (remaining_ms <= 0) return null;
      await this.#changeOrTimeout(remaining_ms);
    }
    return group.state.leader;
  }

  staleMs(): number | null {
    return this.#options.group.ageMs();
  }

  status(): ReplicaStatus {
    const { group_id, self, group, digest } = this.#options;
    const { state, configuration } = group;
    return {
      group_id,
      node_id: self.node_id,
      role: this.#role(),
      term: state.term,
      leader: state.leader,
      commit_index: state.commit_index,
      applied_index: state.applied_index,
      first_index: state.log.before_first.index + 1,
      last_index: state.log.last_index,
      last_term: lastPosition(state.log).term,
      snapshot_index: state.log.before_first.index,
      digest: digest(),
      configuration,
      proposals_pending: group.proposals_pending,
      peers: this.#peers(),
    };
  }

  #role(): ReplicaRole {
    const { self, group } = this.#options;
    const { state, configuration } = group;
    // Also one that is no voter any more and hands over.
    if (state.role === 'leader') return 'leader';
    if (configuration === null || !isVoter(configuration, self)) return 'learner';
    return state.role === 'pre_candidate' ? 'candidate' : state.role;
  }

  #peers(): readonly PeerStatus[] {
    const { group, tick_ms, reported_peers } = this.#options;
    const { leading, tick } = group.state;
    if (leading === null) return reported_peers();
    return [...leading.progress.values()].map((progress) => ({
      node_id: progress.member.node_id,
      match_index: progress.match_index,
      applied_index: progress.applied_index,
      last_contact_ms:
        progress.last_contact_tick === null ? null : (tick - progress.last_contact_tick) * tick_ms,
    }));
  }

  /** Resolves on a change of term, role or leader, or after the time. */
  #changeOrTimeout(timeout_ms: number): Promise<void> {
    const { group, clock } = this.#options;
    return new Promise((resolve) => {
      const finish = (): void => {
        cancel();
        unsubscribe();
        resolve();
      };
      const cancel = clock.after(timeout_ms, finish);
      const unsubscribe = group.onChange(finish);
    });
  }

  /** The promise's value, or null when the deadline comes first. */
  #untilDeadline<T>(promise: Promise<T>, deadline_ms: number): Promise<T | null> {
    const { clock } = this.#options;
    return new Promise((resolve, reject) => {
      const cancel = clock.after(Math.max(0, deadline_ms - clock.now_ms()), () => resolve(null));
      promise.then(
        (value) => {
          cancel();
          resolve(value);
        },
        (error: unknown) => {
          cancel();
          reject(error instanceof Error ? error : new Error(String(error)));
        },
      );
    });
  }
}
