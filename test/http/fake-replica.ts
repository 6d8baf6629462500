import type { RowChange } from '../../src/agenda/change.ts';
import type { Command } from '../../src/agenda/command.ts';
import { authenticate } from '../../src/agenda/decide/authenticate.ts';
import { decideCommand } from '../../src/agenda/decide/decide-command.ts';
import { decide } from '../../src/agenda/decide/decide.ts';
import type { Appointment, Calendar, Key, Occurrence, User } from '../../src/agenda/model.ts';
import type { Answer, CommandOutcome } from '../../src/agenda/outcome.ts';
import type { AgendaView } from '../../src/agenda/view.ts';
import type { Configuration, Member } from '../../src/consensus/raft/configuration.ts';
import type {
  PeerStatus,
  ProposeResult,
  ReadResult,
  Replica,
  ReplicaStatus,
} from '../../src/replica/replica.ts';

/** The state that all replicas of a fake cluster share, in memory: applied at once, everywhere. */
export class FakeState {
  readonly users = new Map<Key, User>();
  readonly calendars = new Map<Key, Calendar>();
  readonly appointments = new Map<Key, Appointment>();
  readonly occurrences: Occurrence[] = [];
  readonly remembered = new Map<string, { fingerprint: string; answer: Answer }>();
  readonly commands: Command[] = [];
  index = 1;
  leader_id: string | null = 'agenda-1';
  readonly configuration: Configuration;

  constructor(node_ids: readonly string[]) {
    this.configuration = {
      cluster_id: 'cluster-of-this-test',
      voters: node_ids.map(memberOf),
      outgoing_voters: [],
      learners: [],
      voters_wanted: node_ids.length,
      feature_level: 1,
    };
  }

  apply(command: Command): ProposeResult {
    this.commands.push(command);
    this.index += 1;
    const outcome = this.#judge(command);
    if (outcome.kind === 'done' && command.remember !== null) {
      const { scope_hash, fingerprint } = command.remember;
      this.remembered.set(scope_hash, { fingerprint, answer: outcome.answer });
    }
    return { kind: 'applied', index: this.index, outcome };
  }

  #judge(command: Command): CommandOutcome {
    const view = this.view();
    const who = authenticate(view, command);
    if (!who.ok) return { kind: 'refused', refusal: who.error };
    const remembered = this.remembered.get(command.remember?.scope_hash ?? '');
    if (remembered !== undefined) {
      if (remembered.fingerprint === command.remember?.fingerprint) {
        return { kind: 'done', answer: remembered.answer, replayed: true };
      }
      return { kind: 'refused', refusal: { code: 'idempotency_key_reused', detail: 'Another.' } };
    }
    const place = { index: this.index, state_time: command.at };
    const decision = decideCommand(view, command, who.value, place, decide);
    if (decision.kind === 'refused') return decision;
    for (const change of decision.changes) this.#write(change);
    return { kind: 'done', answer: decision.answer, replayed: false };
  }

  #write(change: RowChange): void {
    if (change.table === 'users') this.users.set(change.row.key, change.row);
    if (change.table === 'calendars') this.calendars.set(change.row.key, change.row);
    if (change.table === 'appointments') this.appointments.set(change.row.key, change.row);
    if (change.table === 'occurrences') this.occurrences.push(change.row);
  }

  view(): AgendaView {
    const overlapping = (person: Key, start: number, end: number, limit: number): Occurrence[] =>
      this.occurrences
        .filter((one) => one.person_key === person && one.start < end && one.end > start)
        .sort((a, b) => a.start - b.start || a.appointment_key - b.appointment_key)
        .slice(0, limit);
    const first = <T>(rows: Iterable<T>, matches: (row: T) => boolean): T | null =>
      [...rows].find(matches) ?? null;
    return {
      userByKey: (key) => this.users.get(key) ?? null,
      userByFoldedUsername: (folded) =>
        first(this.users.values(), (user) => user.username_folded === folded),
      userByFoldedEmail: (folded) =>
        first(this.users.values(), (user) => user.email_folded === folded),
      calendarByKey: (key) => this.calendars.get(key) ?? null,
      defaultCalendarOf: (owner) =>
        first(this.calendars.values(), (calendar) => calendar.owner_key === owner),
      appointmentByKey: (key) => this.appointments.get(key) ?? null,
      busyOverlapping: (person, start, end, limit) =>
        overlapping(person, start, end, limit)
          .filter((one) => one.busy)
          .map((one) => one.appointment_key),
      agendaOf: (person, start, end, limit) =>
        overlapping(person, start, end, limit).flatMap(
          (one) => this.appointments.get(one.appointment_key) ?? [],
        ),
    };
  }
}

function memberOf(node_id: string): Member {
  return { node_id, storage_id: `disk-of-${node_id}` };
}

/** One replica as the API sees it; a test turns its knobs. */
export class FakeReplica implements Replica {
  readonly node_id: string;
  readonly state: FakeState;
  view: AgendaView;
  has_quorum = true;
  stale_ms: number | null = 0;
  /** Null: up to date. */
  applied_index: number | null = null;
  peers: readonly PeerStatus[] = [];
  /** Instead of applying. */
  next_result: ProposeResult | null = null;
  proposed = 0;
  /** Runs while a read index is taken. */
  onBarrier: () => void = () => {};

  constructor(node_id: string, state: FakeState) {
    this.node_id = node_id;
    this.state = state;
    this.view = state.view();
  }

  get #leads(): boolean {
    return this.state.leader_id === this.node_id;
  }

  status(): ReplicaStatus {
    const { index, leader_id, configuration } = this.state;
    return {
      group_id: 'main',
      node_id: this.node_id,
      role: this.#leads ? 'leader' : 'follower',
      term: 3,
      leader: leader_id === null ? null : memberOf(leader_id),
      commit_index: index,
      applied_index: this.applied_index ?? index,
      first_index: 1,
      last_index: index,
      last_term: 3,
      snapshot_index: 0,
      digest: 'd1ge57',
      configuration,
      proposals_pending: 0,
      peers: this.peers,
    };
  }

  propose(command: Command): Promise<ProposeResult> {
    this.proposed += 1;
    const result = this.next_result;
    this.next_result = null;
    if (result !== null) return Promise.resolve(result);
    if (!this.#leads) return Promise.resolve({ kind: 'not_proposed', reason: 'not_leader' });
    return Promise.resolve(this.state.apply(command));
  }

  readBarrier(): Promise<ReadResult> {
    if (!this.has_quorum) return Promise.resolve('no_quorum');
    this.onBarrier();
    return Promise.resolve('ok');
  }

  waitForIndex(index: number): Promise<boolean> {
    return Promise.resolve((this.applied_index ?? this.state.index) >= index);
  }

  waitForLeader(): Promise<Member | null> {
    const { leader_id } = this.state;
    return Promise.resolve(leader_id === null ? null : memberOf(leader_id));
  }

  staleMs(): number | null {
    return this.stale_ms;
  }
}
