import type { RowChange } from '../../src/agenda/change.ts';
import type { Command } from '../../src/agenda/command.ts';
import { authenticate } from '../../src/agenda/decide/authenticate.ts';
import { decideCommand } from '../../src/agenda/decide/decide-command.ts';
import { decide } from '../../src/agenda/decide/decide.ts';
import { appointmentAt } from '../../src/agenda/appointment-version.ts';
import type {
  Appointment,
  AppointmentVersion,
  Calendar,
  Key,
  Occurrence,
  User,
} from '../../src/agenda/model.ts';
import type { Answer, CommandOutcome } from '../../src/agenda/outcome.ts';
import type {
  AgendaRange,
  AgendaView,
  UserSlice,
  UserSliceMatches,
} from '../../src/agenda/view.ts';
import type { Configuration, Member } from '../../src/consensus/raft/configuration.ts';
import type { RememberedRequest } from '../../src/replica/agenda-store.ts';
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
  readonly versions: AppointmentVersion[] = [];
  occurrences: Occurrence[] = [];
  state_time = 0;
  readonly remembered = new Map<
    string,
    { entry_index: number; fingerprint: string; answer: Answer }
  >();
  readonly commands: Command[] = [];
  index = 1;
  leader_id: string | null = 'agenda-1';
  term = 3;
  readonly configuration: Configuration;

  constructor(node_ids: readonly string[]) {
    this.configuration = {
      cluster_id: 'cluster-of-this-test',
      voters: node_ids.map(memberOf),
      outgoing_voters: [],
      learners: [],
      voters_wanted: node_ids.length,
      removed: [],
      feature_level: 1,
    };
  }

  apply(command: Command): ProposeResult {
    this.commands.push(command);
    this.index += 1;
    this.state_time = Math.max(this.state_time, command.at);
    const outcome = this.#judge(command);
    if (outcome.kind === 'done' && command.remember !== null) {
      const { scope_hash, fingerprint } = command.remember;
      this.remembered.set(scope_hash, {
        entry_index: this.index,
        fingerprint,
        answer: outcome.answer,
      });
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
    const place = { index: this.index, state_time: this.state_time };
    const decision = decideCommand(view, command, who.value, place, decide);
    if (decision.kind === 'refused') return decision;
    for (const change of decision.changes) this.#write(change);
    return { kind: 'done', answer: decision.answer, replayed: false };
  }

  #write(change: RowChange): void {
    if (change.op === 'delete') {
      if (change.table !== 'occurrences') throw new Error('nothing else is deleted here');
      const { appointment_key } = change.row;
      this.occurrences = this.occurrences.filter((one) => one.appointment_key !== appointment_key);
      return;
    }
    if (change.table === 'appointment_versions') this.versions.push(change.row);
    if (change.table === 'users') this.users.set(change.row.key, change.row);
    if (change.table === 'calendars') this.calendars.set(change.row.key, change.row);
    if (change.table === 'appointments') this.appointments.set(change.row.key, change.row);
    if (change.table === 'occurrences') this.occurrences.push(change.row);
  }

  view(): AgendaView {
    const overlapping = (person: Key, start: number, end: number): Occurrence[] =>
      this.occurrences
        .filter((one) => one.person_key === person && one.start < end && one.end > start)
        .sort((a, b) => a.start - b.start || a.appointment_key - b.appointment_key);
    const onAgenda = (person: Key, range: AgendaRange): Appointment[] =>
      overlapping(person, range.start, range.end)
        .flatMap((one) => this.appointments.get(one.appointment_key) ?? [])
        .filter((one) => range.with_cancelled || one.cancelled_at === null)
        .filter((one) => isAfter(one, range.after))
        .slice(0, range.limit);
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
      usersByNamePrefix: (prefix, after, limit) =>
        [...this.users.values()]
          .filter((user) => user.username_folded.startsWith(prefix))
          .filter((user) => user.username_folded > after)
          .sort((a, b) => (a.username_folded < b.username_folded ? -1 : 1))
          .slice(0, limit),
      usersByNamePart: (part, slice) => usersByNamePart([...this.users.values()], part, slice),
      busyOverlapping: (person, { start, end, except_key }, limit) =>
        overlapping(person, start, end)
          .filter((one) => one.busy && one.appointment_key !== except_key)
          .map((one) => one.appointment_key)
          .slice(0, limit),
      stateTime: () => this.state_time,
      appointmentAt: (key, version) => {
        const current = this.appointments.get(key) ?? null;
        if (current === null || current.version === version) return current;
        const kept = this.versions.find(
          (one) => one.appointment_key === key && one.version === version,
        );
        return kept === undefined ? null : appointmentAt(current, kept);
      },
      agendaOf: onAgenda,
      agendaSnapshot: () => ({ agendaOf: onAgenda, close: () => undefined }),
      agendaTextsOf: onAgenda,
    };
  }
}

function isAfter({ start, key }: Appointment, after: AgendaRange['after']): boolean {
  return after === null || start > after.start || (start === after.start && key > after.key);
}

function usersByNamePart(all: User[], part: string, slice: UserSlice): UserSliceMatches {
  const seen = all
    .filter((user) => user.key > slice.after_key)
    .sort((a, b) => a.key - b.key)
    .slice(0, slice.rows);
  const users = seen
    .filter((user) => !user.username_folded.startsWith(part))
    .filter((user) => `${user.username_folded}\n${user.display_name_folded}`.includes(part))
    .slice(0, slice.limit);
  const last = users.length === slice.limit ? users.at(-1) : seen.at(-1);
  return { users, next_after_key: last?.key ?? null };
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
      term: this.state.term,
      leader: leader_id === null ? null : memberOf(leader_id),
      commit_index: index,
      applied_index: this.applied_index ?? index,
      first_index: 1,
      last_index: index,
      last_term: this.state.term,
      snapshot_index: 0,
      digest: 'd1ge57',
      configuration,
      proposals_pending: 0,
      peers: this.peers,
    };
  }

  remembered(scope_hash: string): RememberedRequest | null {
    const remembered = this.state.remembered.get(scope_hash);
    if (remembered === undefined) return null;
    return { ...remembered, scope_hash, expires_at: Number.MAX_SAFE_INTEGER };
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

  waitForIndex(index: number, _timeout_ms?: number): Promise<boolean> {
    return Promise.resolve((this.applied_index ?? this.state.index) >= index);
  }

  waitForLeader(_timeout_ms: number, past_term = 0): Promise<Member | null> {
    const { leader_id, term } = this.state;
    return Promise.resolve(leader_id === null || term <= past_term ? null : memberOf(leader_id));
  }

  staleMs(): number | null {
    return this.stale_ms;
  }
}
