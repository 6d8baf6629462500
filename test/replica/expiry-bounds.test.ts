import { afterAll, describe, expect, test } from '@jest/globals';
import type { AuditRow } from '../../src/agenda/audit.ts';
import type { RowChange } from '../../src/agenda/change.ts';
import { decide } from '../../src/agenda/decide/decide.ts';
import type { Decide } from '../../src/agenda/decide/decision.ts';
import type { Notification, Post } from '../../src/agenda/model.ts';
import type { ExpiryView } from '../../src/agenda/view.ts';
import { limits } from '../../src/limits.ts';
import type { AgendaStore } from '../../src/replica/agenda-store.ts';
import { ChangeFeed } from '../../src/replica/change-feed.ts';
import { AgendaStateMachine } from '../../src/replica/state-machine.ts';
import { openAgendaStore } from '../../src/storage/agenda-store.ts';
import {
  applyAll,
  dumpTables,
  MIDNIGHT,
  registerBody,
  STORAGE_ID,
  storePorts,
  TestLog,
} from '../support/agenda-fixture.ts';
import { appointment, newPath } from '../support/store-fixture.ts';

const START = MIDNIGHT;
const origin_node = 'agenda-1';
/** Of what was there before the log's first entry. */
const own = { version: 1, origin_node, created_at: 0, updated_at: 0 };

function upTo<Row>(count: number, rowAt: (nth: number) => Row): Row[] {
  return Array.from({ length: count }, (_, at) => rowAt(at + 1));
}

function notification(key: number, expires_at: number): RowChange {
  const nothing = { subject_key: null, group_key: null, appointment_key: null, proposal_key: null };
  const row: Notification = {
    ...nothing,
    key,
    user_key: 7,
    number: key,
    type: 'post_created',
    actor_key: 8,
    post_key: 9,
    read_at: null,
    version: 1,
    origin_node,
    created_at: expires_at - limits.notification_kept_ms,
  };
  return { op: 'insert', table: 'notifications', row };
}

function earlierRow(key: number, expires_at: number, bytes = 1): RowChange {
  const row = { kind: 'post', key, version: 1, expires_at, bytes, content: '' } as const;
  return { op: 'insert', table: 'earlier_rows', row };
}

function earlierVersion(appointment_key: number, expires_at: number, bytes = 1): RowChange {
  const { calendar_key, title, description, start, end, all_day, time_zone } = appointment;
  const { start_offset_s, end_offset_s, privacy, busy, status, sequence } = appointment;
  const shown = { calendar_key, title, description, start, end, all_day, time_zone };
  const more = { start_offset_s, end_offset_s, privacy, busy, status, sequence };
  const row = { appointment_key, ...shown, ...more, version: 1, expires_at, bytes };
  return {
    op: 'insert',
    table: 'appointment_versions',
    row: { ...row, origin_node, updated_at: 0 },
  };
}

function post(key: number, group_key: number | null): RowChange {
  const row: Post = { key, author_key: 7, group_key, content: '', version: 1, ...made };
  return { op: 'insert', table: 'posts', row };
}
const made = { origin_node, created_at: 0 };

/** One of entries of so many rows. */
function auditRow(key: number, expires_at: number, entry_rows = 1): RowChange {
  const row: AuditRow = {
    key,
    component: 'posts',
    action: 'post.create',
    actor_key: null,
    object_key: null,
    request_id: 'request',
    origin_node,
    occurred_at: expires_at - limits.audit_kept_ms,
    level: 'info',
    payload: null,
    payload_hash: null,
    count: 1,
    chain: key % entry_rows === 0 ? `chain ${key}` : null,
  };
  return { op: 'insert', table: 'audit_logs', row };
}

/** One that more people had something against than one command may write rows. */
function cancelledMeeting(key: number, gone_at: number): RowChange[] {
  const cancelled_at = gone_at - limits.cancelled_kept_ms;
  const row = { ...appointment, key, group_key: null, cancelled_at };
  const { start, end, all_day, time_zone, start_offset_s, end_offset_s, sequence } = row;
  const when = { start, end, all_day, time_zone, start_offset_s, end_offset_s, sequence };
  const occurrenceOf = (agenda_key: number): RowChange => ({
    op: 'insert',
    table: 'occurrences',
    row: { agenda_key, start, end, appointment_key: key, busy: false, status: 'accepted' },
  });
  return [
    { op: 'insert', table: 'appointments', row },
    occurrenceOf(row.owner_key),
    ...upTo(1_500, (nth): RowChange => {
      const objection = { key: nth, appointment_key: key, user_key: nth, note: 'No', ...own };
      return { op: 'insert', table: 'objections', row: objection };
    }),
    ...upTo(200, (nth): RowChange => {
      const said = { note: null, status: 'open', ...when } as const;
      const proposal = { key: nth, appointment_key: key, user_key: nth, ...said, ...own };
      return { op: 'insert', table: 'proposals', row: proposal };
    }),
    ...upTo(200, (nth): RowChange => {
      const how = { status: 'accepted', is_optional: false, by_group: false, note: null } as const;
      const one = { key: nth, appointment_key: key, user_key: nth, ...how, by_name: true, ...own };
      return { op: 'insert', table: 'participants', row: one };
    }),
    ...upTo(200, occurrenceOf),
  ];
}

interface Measured {
  readonly machine: AgendaStateMachine;
  readonly path: string;
  /** Since the last look, and begins anew. */
  readonly look: () => { readonly read: number; readonly written: readonly RowChange[] };
}

const open_stores: { close(): void }[] = [];
afterAll(() => {
  for (const store of open_stores) store.close();
});

/** A state with these rows, and a machine that goes on from there; what it reads to expire is counted. */
function measured(planted: readonly RowChange[], rules?: Decide): Measured {
  const path = newPath();
  const { store } = openAgendaStore({ path, storage_id: STORAGE_ID });
  open_stores.push(store);
  store.transaction(() => store.write(planted));
  let read = 0;
  let written: RowChange[] = [];
  function* counted<Row>(rows: Iterable<Row>): Generator<Row, void> {
    for (const row of rows) {
      read += 1;
      yield row;
    }
  }
  const { expiry } = store;
  const counting: ExpiryView = {
    ...expiry,
    cancelledAppointments: () => counted(expiry.cancelledAppointments()),
    earlierVersions: () => counted(expiry.earlierVersions()),
    tombstones: () => counted(expiry.tombstones()),
    earlierRows: () => counted(expiry.earlierRows()),
    notifications: () => counted(expiry.notifications()),
    deletedGroups: () => counted(expiry.deletedGroups()),
    postsTo: (group_key) => counted(expiry.postsTo(group_key)),
    auditRows: () => counted(expiry.auditRows()),
  };
  const ports: AgendaStore = {
    ...storePorts(store),
    expiry: counting,
    write(changes) {
      written.push(...changes);
      store.write(changes);
    },
  };
  const machine = new AgendaStateMachine({
    store: ports,
    change_feed: new ChangeFeed({ start_index: 0, onListenerError: () => undefined }),
    observer: {
      onDecideFailed(index, kind, error) {
        throw new Error(`${kind} at ${index}`, { cause: error });
      },
    },
    ...(rules === undefined ? {} : { decide: rules }),
  });
  const look: Measured['look'] = () => {
    const seen = { read, written };
    read = 0;
    written = [];
    return seen;
  };
  return { machine, path, look };
}

/** So many people are registered, so many seconds after each other. */
function registrations(count: number, apart_ms: number): TestLog {
  const log = new TestLog();
  for (let nth = 0; nth < count; nth += 1) {
    log.command(registerBody(`Person${nth}`), { at: START + nth * apart_ms });
  }
  return log;
}

/** Applies one entry after the other; what each read and wrote. */
function stepThrough({ machine, look }: Measured, log: TestLog): ReturnType<Measured['look']>[] {
  return log.entries.map((entry) => {
    machine.apply([entry]);
    return look();
  });
}

const expired = (written: readonly RowChange[]): number =>
  written.filter(({ op, table }) => op === 'delete' || table === 'tombstones').length;

test('to let one of many go, one more is read', () => {
  const due = (nth: number): number => START + nth * 1_000;
  const one = measured([
    ...upTo(1_500, (nth) => notification(nth, due(nth))),
    ...upTo(1_500, (nth) => earlierRow(nth, due(nth))),
    ...upTo(1_500, (nth) => auditRow(nth, due(nth))),
  ]);
  const log = registrations(40, 1_000);
  const steps = stepThrough(one, log);
  // Of three kinds the one that goes and the one that stays; nothing else is due.
  for (const { read } of steps.slice(1)) expect(read).toBeLessThanOrEqual(6);
  expect(steps.slice(1).map(({ written }) => expired(written))).toEqual(Array(39).fill(3));
});

/** Due with the first command: of each kind more than may go with one. */
function backlog(): RowChange[] {
  return [
    ...upTo(700, (nth) => notification(nth, START)),
    ...upTo(700, (nth) => earlierRow(nth, START)),
    ...upTo(50, (nth) => earlierVersion(nth, START)),
    ...upTo(700, (nth): RowChange => {
      const row = { key: nth, calendar_key: 1, uid: null, changed_index: 0, expires_at: START };
      return { op: 'insert', table: 'tombstones', row };
    }),
    ...cancelledMeeting(1_000, START),
    ...upTo(700, (nth) => post(nth, 900)),
    {
      op: 'insert',
      table: 'groups',
      row: {
        key: 900,
        name: 'Team',
        description: '',
        group_type: 'hierarchical',
        creator_key: 7,
        ...own,
        deleted_at: START - limits.deleted_group_kept_ms,
      },
    },
    ...upTo(800, (nth) => auditRow(nth, START, 200)),
  ];
}

const emptied = ['notifications', 'earlier_rows', 'appointment_versions', 'appointments'];
const emptied_too = ['occurrences', 'objections', 'proposals', 'participants', 'posts', 'groups'];

describe('what expires with one command', () => {
  test('is bounded for all kinds together, and all of it goes', () => {
    const one = measured(backlog());
    const steps = stepThrough(one, registrations(12, 1));
    const counts = steps.map(({ written }) => expired(written));
    for (const count of counts) expect(count).toBeLessThanOrEqual(limits.rows_expired_per_command);
    // Only entries of the audit, and what belongs together, leave room.
    for (const count of counts.slice(0, 8)) {
      expect(count).toBeGreaterThan(limits.rows_expired_per_command - 200);
    }
    expect(counts.at(-1)).toBe(0);
    const tables = dumpTables(one.path);
    for (const table of [...emptied, ...emptied_too])
      expect([table, tables[table]]).toEqual([table, []]);
    expect(tables['tombstones']).toMatchObject([{ key: 1_000 }]);
    expect(tables['audit_logs']?.length).toBe(12);
    expect(tables['audit_chain']).toMatchObject([{ anchor_key: 800, anchor: 'chain 800' }]);
  });

  test('is the same however the entries are batched', () => {
    const { entries } = registrations(12, 1);
    const [first, ...others] = [[1], [64], [3, 1, 7]].map((sizes) => {
      const { machine, path } = measured(backlog());
      applyAll(machine, entries, sizes);
      return { digest: machine.digest, tables: dumpTables(path) };
    });
    for (const other of others) expect(other).toEqual(first);
  });

  test('is within the bound of the rows of the command', () => {
    const rows_own = 1_800;
    const greedy: Decide = (view, body, context) => {
      const decision = decide(view, body, context);
      if (decision.kind === 'refused' || body.kind !== 'user.register') return decision;
      const posts = upTo(rows_own - decision.changes.length, () => post(context.nextKey(), null));
      return { ...decision, changes: [...decision.changes, ...posts] };
    };
    const [step] = stepThrough(measured(backlog(), greedy), registrations(1, 1));
    const written = step?.written ?? [];
    expect(written.length - expired(written)).toBeGreaterThanOrEqual(rows_own);
    expect(written.length).toBe(limits.rows_per_command_max);
  });
});

test('earlier versions over their bound go at once, those that expire first', () => {
  const many = 300;
  const bytes = Math.floor(limits.appointment_versions_bytes_max / many);
  const due = (nth: number): number => START + limits.request_key_ttl_ms + nth;
  const one = measured([
    ...upTo(many, (nth) => earlierVersion(nth, due(2 * nth), bytes)),
    ...upTo(many, (nth) => earlierRow(nth, due(2 * nth + 1), bytes)),
  ]);
  stepThrough(one, registrations(1, 1));
  const tables = dumpTables(one.path);
  const left = [...(tables['appointment_versions'] ?? []), ...(tables['earlier_rows'] ?? [])];
  const dues = left.map((row) => (row as { expires_at: number }).expires_at);
  expect(dues.length).toBe(many);
  expect(Math.min(...dues)).toBe(due(many + 2));
});
