import { createHash } from 'node:crypto';
import Database from 'better-sqlite3';
import type {
  AppointmentFields,
  Command,
  CommandBody,
  CreateAppointment,
  RequestKey,
  UpdateProfile,
} from '../../src/agenda/command.ts';
import type { Decide } from '../../src/agenda/decide/decision.ts';
import { keyAt } from '../../src/agenda/id.ts';
import type { Key, Work } from '../../src/agenda/model.ts';
import type { CommandOutcome } from '../../src/agenda/outcome.ts';
import type { Entry } from '../../src/consensus/raft/entry.ts';
import { sealEntry } from '../../src/consensus/raft/seal-entry.ts';
import type { AgendaStore } from '../../src/replica/agenda-store.ts';
import { ChangeFeed } from '../../src/replica/change-feed.ts';
import { encodeCommand } from '../../src/replica/command-codec.ts';
import { AgendaStateMachine } from '../../src/replica/state-machine.ts';
import { encodeConfiguration } from '../../src/consensus/raft/configuration-codec.ts';
import { openAgendaStore } from '../../src/storage/agenda-store.ts';
import type { SqliteAgendaStore } from '../../src/storage/agenda-store.ts';
import { votersUpTo } from './raft-fixture.ts';

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
/** 2026-11-20T00:00:00Z. */
export const MIDNIGHT = 1_795_132_800_000;
export const STORAGE_ID = 'storage-1';

export interface OpenMachine {
  readonly machine: AgendaStateMachine;
  readonly store: SqliteAgendaStore;
  readonly change_feed: ChangeFeed;
  /** Index and kind of what `onDecideFailed` told of. */
  readonly failures: (readonly [number, string])[];
  close(): void;
}

export function openMachine(path: string, decide?: Decide): OpenMachine {
  const { store } = openAgendaStore({ path, storage_id: STORAGE_ID });
  const change_feed = new ChangeFeed({
    start_index: store.readMeta().applied_index,
    onListenerError(error) {
      throw error;
    },
  });
  const failures: (readonly [number, string])[] = [];
  const machine = new AgendaStateMachine({
    store,
    change_feed,
    observer: { onDecideFailed: (index, kind) => void failures.push([index, kind]) },
    ...(decide === undefined ? {} : { decide }),
  });
  return { machine, store, change_feed, failures, close: () => store.close() };
}

/** An appointment from 10:00 to 11:00 of the test's day. */
export function appointmentBody(changes: Partial<CreateAppointment> = {}): CreateAppointment {
  return {
    kind: 'appointment.create',
    title: 'Meeting',
    description: '',
    start: MIDNIGHT + 10 * HOUR_MS,
    end: MIDNIGHT + 11 * HOUR_MS,
    all_day: false,
    time_zone: 'Europe/Madrid',
    start_offset_s: 3_600,
    end_offset_s: 3_600,
    privacy: 'full',
    busy: true,
    calendar_key: null,
    group_key: null,
    participants: [],
    follow_group: true,
    allow_conflict: false,
    ...changes,
  };
}

/** What it says of the appointment itself. */
export function fieldsOf(body: CreateAppointment): AppointmentFields {
  const { title, description, start, end, all_day, time_zone, start_offset_s, end_offset_s } = body;
  const { privacy, busy, calendar_key } = body;
  const times = { start, end, all_day, time_zone, start_offset_s, end_offset_s };
  return { title, description, ...times, privacy, busy, calendar_key };
}

/** An update that leaves people and group as they are. */
export const same_people = { group_key: null, participants: null, follow_group: null } as const;

export function registerBody(name: string): CommandBody {
  return {
    kind: 'user.register',
    username: name,
    username_folded: name.toLowerCase(),
    email: `${name}@example.org`,
    email_folded: `${name.toLowerCase()}@example.org`,
    display_name: name,
    display_name_folded: name.toLowerCase(),
    password_hash: '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA',
    time_zone: 'Europe/Madrid',
    locale: 'es',
  };
}

/** The next slice of work. */
export function continuationOf({ key, group_key, user_key, actor_key }: Work): CommandBody {
  return { kind: 'work.continue', work_key: key, group_key, user_key, actor_key };
}

export function profileBody(changes: Partial<UpdateProfile> = {}): UpdateProfile {
  return {
    kind: 'user.update_profile',
    if_match: null,
    display_name: null,
    display_name_folded: null,
    email: null,
    email_folded: null,
    time_zone: null,
    locale: null,
    share_busy: null,
    ...changes,
  };
}

export function requestKey(name: string, request_body = name, ttl_ms = DAY_MS): RequestKey {
  const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');
  return { scope_hash: hashOf(name), fingerprint: hashOf(`body ${request_body}`), ttl_ms };
}

/** A log under construction: what is pushed becomes the next entry. */
export class TestLog {
  readonly entries: Entry[] = [];
  #at = MIDNIGHT - 30 * DAY_MS;

  get last_index(): number {
    return this.entries.length;
  }

  command(body: CommandBody, changes: Partial<Command> = {}): number {
    this.#at += 1_000;
    const command: Command = {
      version: 1,
      at: this.#at,
      by: null,
      token_version: null,
      origin_node: 'agenda-1',
      request_id: `request-${this.last_index + 1}`,
      remember: null,
      body,
      ...changes,
    };
    return this.payload(encodeCommand(command));
  }

  payload(payload: Uint8Array): number {
    return this.#push('command', payload);
  }

  noOp(): number {
    return this.#push('no_op', new Uint8Array(0));
  }

  configuration(): number {
    return this.#push('configuration', encodeConfiguration(votersUpTo(3)));
  }

  /** Registers a person; returns their key. */
  register(name: string): Key {
    return keyAt(this.command(registerBody(name)), 0);
  }

  book(by: Key, body: Partial<CreateAppointment> = {}, changes: Partial<Command> = {}): number {
    return this.command(appointmentBody(body), { by, token_version: 1, ...changes });
  }

  #push(kind: Entry['kind'], payload: Uint8Array): number {
    const index = this.last_index + 1;
    const request_id = `entry-${index}`;
    this.entries.push(sealEntry({ index, term: 1, kind, request_id, payload }));
    return index;
  }
}

/** Applies what the machine has not applied yet, in batches of the given sizes, over and over. */
export function applyAll(
  machine: AgendaStateMachine,
  entries: readonly Entry[],
  batch_sizes: readonly number[] = [64],
): (CommandOutcome | null)[] {
  const outcomes: (CommandOutcome | null)[] = [];
  for (let batch = 0; machine.applied_index < entries.length; batch += 1) {
    const from = machine.applied_index;
    const size = batch_sizes[batch % batch_sizes.length] ?? 1;
    outcomes.push(...machine.apply(entries.slice(from, from + size)));
  }
  return outcomes;
}

/** Every row of the state, read on a connection of its own. */
export function dumpTables(path: string): Record<string, unknown[]> {
  const database = new Database(path, { readonly: true });
  try {
    const tables = database
      .prepare<[], string>(`SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name`)
      .pluck()
      .all();
    return Object.fromEntries(
      tables.map((table) => [
        table,
        database.prepare(`SELECT * FROM ${table} ORDER BY 1, 2`).all(),
      ]),
    );
  } finally {
    database.close();
  }
}

/** Opens a machine, uses it, closes it. */
export function withMachine<T>(path: string, use: (open: OpenMachine) => T, decide?: Decide): T {
  const open = openMachine(path, decide);
  try {
    return use(open);
  } finally {
    open.close();
  }
}

/** A history with everything in it: people, bookings, refusals, replays, entries of the engine. */
export function mixedLog(): TestLog {
  const log = new TestLog();
  log.configuration();
  log.noOp();
  const people = ['Ana', 'Ben', 'Zoë'].map((name) => log.register(name));
  log.command(registerBody('ANA'));
  for (let round = 0; round < 12; round += 1) {
    for (const person of people) {
      const start = MIDNIGHT + round * HOUR_MS;
      log.book(person, { start, end: start + (round % 3 === 0 ? 2 : 1) * HOUR_MS });
    }
    const remember = requestKey(`round ${round % 5}`, `body ${round % 5}`, 4 * HOUR_MS);
    log.book(people[0] ?? 0, { allow_conflict: true, title: `Round ${round}` }, { remember });
    if (round === 7) log.noOp();
  }
  log.book(people[1] ?? 0, {}, { token_version: 9 });
  const changed = { by: people[0] ?? 0, token_version: 1, remember: requestKey('profile') };
  log.command(profileBody({ display_name: 'Ana María', share_busy: false }), changed);
  log.command(profileBody({ if_match: [1] }), { ...changed, remember: null });
  log.command(profileBody({ display_name: 'Ana María', share_busy: false }), changed);
  const new_hash = { if_match: null, password_hash: '$argon2id$new' };
  log.command(
    { kind: 'user.change_password', ...new_hash },
    { by: people[1] ?? 0, token_version: 1 },
  );
  log.command({ kind: 'user.log_out' }, { by: people[1] ?? 0, token_version: 1 });
  log.command({ kind: 'user.log_out' }, { by: people[1] ?? 0, token_version: 2 });
  log.payload(Buffer.from('garbage'));
  log.book(people[2] ?? 0, { start: MIDNIGHT - 3 * DAY_MS, end: MIDNIGHT + DAY_MS, busy: false });
  return log;
}

/** The port of a store as an object, to replace parts of it. */
export function storePorts(store: AgendaStore): AgendaStore {
  return {
    view: store.view,
    requests: store.requests,
    expiry: store.expiry,
    readMeta: () => store.readMeta(),
    writeMeta: (meta) => store.writeMeta(meta),
    readPlace: () => store.readPlace(),
    writePlace: (place) => store.writePlace(place),
    readAuditChain: () => store.readAuditChain(),
    writeAuditChain: (chain) => store.writeAuditChain(chain),
    write: (changes) => store.write(changes),
    transaction: (body) => store.transaction(body),
    isStorageFailure: (error) => store.isStorageFailure(error),
  };
}

export function machineOn(store: AgendaStore): AgendaStateMachine {
  const { applied_index } = store.readMeta();
  return new AgendaStateMachine({
    store,
    change_feed: new ChangeFeed({ start_index: applied_index, onListenerError: () => undefined }),
    observer: { onDecideFailed: () => undefined },
  });
}
