import { afterAll } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dumpTables } from '../support/agenda-fixture.ts';
import type { RowChange } from '../../src/agenda/change.ts';
import type { AgendaEvent } from '../../src/agenda/event.ts';
import type { Command } from '../../src/agenda/command.ts';
import { authenticate } from '../../src/agenda/decide/authenticate.ts';
import { decideCommand } from '../../src/agenda/decide/decide-command.ts';
import { decide } from '../../src/agenda/decide/decide.ts';
import type { Appointment, Key, User } from '../../src/agenda/model.ts';
import type { Answer, CommandOutcome } from '../../src/agenda/outcome.ts';
import type { AgendaView } from '../../src/agenda/view.ts';
import type { Configuration, Member } from '../../src/consensus/raft/configuration.ts';
import { openAgendaStore } from '../../src/storage/agenda-store.ts';
import type { SqliteAgendaStore } from '../../src/storage/agenda-store.ts';
import type { RememberedRequest } from '../../src/replica/agenda-store.ts';
import type {
  PeerStatus,
  ProposeResult,
  ReadResult,
  Replica,
  ReplicaStatus,
} from '../../src/replica/replica.ts';

const blank = {
  display_name: '',
  display_name_folded: '',
  password_hash: '',
  locale: 'en',
  token_version: 1,
  token_version_index: 1,
  time_zone: 'UTC',
  share_busy: true,
  version: 1,
  origin_node: 'agenda-1',
  created_at: 0,
  updated_at: 0,
};

/** What a test leaves out of a person that it makes up. */
function completed(user: User): User {
  const { key } = user;
  const name = `user-${key}`;
  const made_up = { username: name, username_folded: name, email: name, email_folded: name };
  return Object.assign({ ...blank, ...made_up }, user);
}

/** Rows of users: what a test puts here is in the state. */
class StoredUsers extends Map<Key, User> {
  readonly #keep: (changes: readonly RowChange[]) => void;

  constructor(keep: (changes: readonly RowChange[]) => void) {
    super();
    this.#keep = keep;
  }

  override set(key: Key, user: User): this {
    const row = completed({ ...user, key });
    this.#keep([{ op: this.has(key) ? 'update' : 'insert', table: 'users', row }]);
    return super.set(key, row);
  }

  /** Written already. */
  note(user: User): void {
    super.set(user.key, user);
  }
}

const storage_id = 'disk of all';
/** An agenda.db with nothing in it: made once, for what its schema costs. */
let empty_file: Buffer | null = null;

/** Whoever makes a state need not close it: at the end of a test file nothing is left of any. */
const states = new Set<FakeState>();
afterAll(() => {
  for (const state of states) state.close();
  states.clear();
});

/** The state that all replicas of a fake cluster share: applied at once, everywhere. */
export class FakeState {
  #opened: SqliteAgendaStore | null = null;
  #directory: string | null = null;
  /** As they are now, for tests to look at. */
  readonly users = new StoredUsers((changes) => this.keep(changes));
  readonly appointments = new Map<Key, Appointment>();
  state_time = 0;
  readonly remembered = new Map<
    string,
    { entry_index: number; fingerprint: string; answer: Answer }
  >();
  readonly commands: Command[] = [];
  /** What the change feed would tell. */
  readonly events: AgendaEvent[] = [];
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
    if (outcome.kind === 'done' && !outcome.replayed && command.remember !== null) {
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
    this.keep(decision.changes);
    this.events.push(...decision.events);
    for (const change of decision.changes) this.#write(change);
    return { kind: 'done', answer: decision.answer, replayed: false };
  }

  /** Writes rows that no command made. */
  keep(changes: readonly RowChange[]): void {
    this.#store.transaction(() => {
      this.#store.write(changes);
      const { index: applied_index, state_time } = this;
      this.#store.writeMeta({ applied_index, digest: '', state_time });
    });
  }

  #write(change: RowChange): void {
    if (change.op === 'delete') return;
    if (change.table === 'users') this.users.note(change.row);
    if (change.table === 'appointments') this.appointments.set(change.row.key, change.row);
  }

  get #store(): SqliteAgendaStore {
    if (this.#opened !== null) return this.#opened;
    this.#directory = mkdtempSync(join(tmpdir(), 'agenda-fake-'));
    states.add(this);
    const path = join(this.#directory, 'agenda.db');
    if (empty_file === null) {
      openAgendaStore({ path, storage_id }).store.close();
      empty_file = readFileSync(path);
    } else {
      writeFileSync(path, empty_file);
    }
    this.#opened = openAgendaStore({ path, storage_id }).store;
    return this.#opened;
  }

  view(): AgendaView {
    return this.#store.view;
  }

  /** All rows there are. */
  tables(): unknown {
    return this.#directory === null ? {} : dumpTables(join(this.#directory, 'agenda.db'));
  }

  close(): void {
    this.#opened?.close();
    this.#opened = null;
    if (this.#directory !== null) rmSync(this.#directory, { recursive: true, force: true });
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
