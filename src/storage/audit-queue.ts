import type { Database, Statement } from 'better-sqlite3';
import { assert, must } from '../base/assert.ts';
import type {
  AuditAppending,
  AuditEvent,
  LostEvents,
  NewAuditEvent,
} from '../agenda/node-event.ts';
import { limits } from '../limits.ts';
import type { MigrationStep } from './migrate.ts';

export const audit_queue_migration: MigrationStep = `
  CREATE TABLE audit_queue (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id      TEXT NOT NULL,
    at          INTEGER NOT NULL,
    component   TEXT NOT NULL,
    action      TEXT NOT NULL,
    level       TEXT NOT NULL,
    actor_key   INTEGER,
    request_id  TEXT NOT NULL,
    payload     TEXT NOT NULL,
    count       INTEGER NOT NULL,
    bytes       INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE audit_lost (
    action     TEXT PRIMARY KEY,
    component  TEXT NOT NULL,
    count      INTEGER NOT NULL,
    since      INTEGER NOT NULL,
    until      INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
`;

interface QueuedEvent extends AuditEvent {
  readonly run_id: string;
}

type QueueRow = QueuedEvent & { readonly bytes: number };

/** What a row takes besides its texts, about. */
const ROW_BYTES = 64;
/** Once events were lost, others are kept again when so much of the bound is free: not one by one. */
const FREE_SHARE = 1 / 16;

/** Tables `audit_queue` and `audit_lost` of node.db. */
export class AuditQueueRows {
  readonly #statements: QueueStatements;
  readonly #append: (appending: AuditAppending) => number;
  readonly #bytes_max: number;
  #depth: number;
  #bytes: number;
  #has_lost: boolean;

  constructor(database: Database, bytes_max: number = limits.audit_queue_bytes_max) {
    this.#statements = prepareStatements(database);
    this.#bytes_max = bytes_max;
    const append = database.transaction((appending: AuditAppending) => this.#appendAll(appending));
    this.#append = (appending) => append.immediate(appending);
    ({ depth: this.#depth, bytes: this.#bytes } = this.#sums());
    this.#has_lost = this.#statements.lost.all().length > 0;
  }

  get depth(): number {
    return this.#depth;
  }

  get has_lost(): boolean {
    return this.#has_lost;
  }

  append(appending: AuditAppending): number {
    try {
      return this.#append(appending);
    } catch (error) {
      // What was counted here was rolled back.
      ({ depth: this.#depth, bytes: this.#bytes } = this.#sums());
      this.#has_lost = this.#statements.lost.all().length > 0;
      throw error;
    }
  }

  oldestRun(): string | null {
    return this.#statements.oldest_run.get() ?? null;
  }

  firstBatch(): { readonly run_id: string; readonly events: readonly AuditEvent[] } | null {
    const rows = this.#statements.first.all(limits.audit_batch_events_max);
    const [first] = rows;
    if (first === undefined) return null;
    const { run_id } = first;
    const events: AuditEvent[] = [];
    let bytes = 0;
    for (const row of rows) {
      bytes += row.bytes;
      const is_full = events.length > 0 && bytes > limits.audit_batch_bytes_max;
      if (row.run_id !== run_id || is_full) break;
      const { run_id: _run, bytes: _bytes, ...event } = row;
      events.push(event);
    }
    return { run_id, events };
  }

  deleteThrough(run_id: string, id: number): number {
    const gone = this.#statements.delete_through.all(run_id, id);
    this.#depth -= gone.length;
    this.#bytes -= gone.reduce((sum, bytes) => sum + bytes, 0);
    assert(this.#depth >= 0 && this.#bytes >= 0, 'more events went than there were');
    return gone.length;
  }

  newest(before_id: number | null, limit: number): readonly QueuedEvent[] {
    return this.#statements.newest
      .all(before_id ?? Number.MAX_SAFE_INTEGER, limit)
      .map(({ bytes: _bytes, ...event }) => event);
  }

  #appendAll({ run_id, events, lost, gapOf }: AuditAppending): number {
    for (const one of lost) this.#lose(one);
    if (this.#has_lost && this.#bytes <= this.#bytes_max * (1 - FREE_SHARE)) {
      this.#insert(run_id, gapOf(this.#statements.lost.all()));
      this.#statements.forget_lost.run();
      this.#has_lost = false;
    }
    let without_room = 0;
    for (const event of events) {
      if (!this.#has_lost && this.#bytes + bytesOf(event) <= this.#bytes_max) {
        this.#insert(run_id, event);
        continue;
      }
      const { component, action, count, at } = event;
      this.#lose({ component, action, count, since: at, until: at });
      without_room += count;
    }
    return without_room;
  }

  #insert(run_id: string, event: NewAuditEvent): void {
    const bytes = bytesOf(event);
    this.#statements.insert.run({ ...event, run_id, bytes });
    this.#depth += 1;
    this.#bytes += bytes;
  }

  #lose(lost: LostEvents): void {
    this.#statements.add_lost.run(lost);
    this.#has_lost = true;
  }

  #sums(): { readonly depth: number; readonly bytes: number } {
    return must(this.#statements.sums.get(), 'a sum of nothing');
  }
}

/** As JSON in a batch, quotes within quotes included, and not less than on the disk. */
function bytesOf(event: NewAuditEvent): number {
  return Buffer.byteLength(JSON.stringify(event)) + ROW_BYTES;
}

const event_columns =
  'id, run_id, at, component, action, level, actor_key, request_id, payload, count, bytes';

type QueueStatements = ReturnType<typeof prepareStatements>;

function prepareStatements(database: Database) {
  const insert: Statement<[NewAuditEvent & { run_id: string; bytes: number }]> = database.prepare(
    `INSERT INTO audit_queue
       (run_id, at, component, action, level, actor_key, request_id, payload, count, bytes)
     VALUES
       (@run_id, @at, @component, @action, @level, @actor_key, @request_id, @payload, @count, @bytes)`,
  );
  const add_lost: Statement<[LostEvents]> = database.prepare(
    `INSERT INTO audit_lost (action, component, count, since, until)
     VALUES (@action, @component, @count, @since, @until)
     ON CONFLICT DO UPDATE SET count = count + excluded.count,
       since = min(since, excluded.since), until = max(until, excluded.until)`,
  );
  return {
    insert,
    add_lost,
    lost: database.prepare<[], LostEvents>('SELECT * FROM audit_lost ORDER BY action'),
    forget_lost: database.prepare('DELETE FROM audit_lost'),
    oldest_run: database
      .prepare<[], string>('SELECT run_id FROM audit_queue ORDER BY id LIMIT 1')
      .pluck(),
    first: database.prepare<[number], QueueRow>(
      `SELECT ${event_columns} FROM audit_queue ORDER BY id LIMIT ?`,
    ),
    newest: database.prepare<[number, number], QueueRow>(
      `SELECT ${event_columns} FROM audit_queue WHERE id < ? ORDER BY id DESC LIMIT ?`,
    ),
    delete_through: database
      .prepare<[string, number], number>(
        'DELETE FROM audit_queue WHERE run_id = ? AND id <= ? RETURNING bytes',
      )
      .pluck(),
    sums: database.prepare<[], { depth: number; bytes: number }>(
      'SELECT count(*) AS depth, coalesce(sum(bytes), 0) AS bytes FROM audit_queue',
    ),
  };
}
