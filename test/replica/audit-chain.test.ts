import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { assert, asyncProperty, nat } from 'fast-check';
import { limits } from '../../src/limits.ts';
import { agenda_migrations } from '../../src/storage/agenda-schema.ts';
import { CHAIN_START, payloadHash } from '../../src/replica/audit-chain.ts';
import {
  applyAll,
  DAY_MS,
  dumpTables,
  mixedLog,
  MIDNIGHT,
  registerBody,
  TestLog,
  withMachine,
} from '../support/agenda-fixture.ts';
import { appendBody, auditEvent, auditRows, changing, verified } from '../support/audit-fixture.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const directory = temporaryDirectory('audit-chain');
afterAll(directory.remove);

function newPath(): string {
  return join(mkdtempSync(join(directory.path, 'state-')), 'agenda.db');
}

/** A state with people, bookings and events of replicas; its path. */
function writtenState(): string {
  const path = newPath();
  const log = mixedLog();
  log.command(appendBody([1, 2, 3]));
  log.register('Dora');
  log.command(appendBody([4, 5]));
  withMachine(path, ({ machine }) => applyAll(machine, log.entries));
  return path;
}

/** Keys of the rows, in order, and the entry each belongs to. */
function keysOf(path: string): number[] {
  return auditRows(path).map(({ key }) => key);
}

describe('the chain of the audit', () => {
  test('goes through all rows, and its head is kept with the state', async () => {
    const path = writtenState();
    const rows = auditRows(path);
    const { rows: count, chain, fault } = await verified(path);
    expect(fault).toBeNull();
    expect(count).toBe(rows.length);
    expect(chain.anchor).toEqual(CHAIN_START);
    expect(chain.head).toEqual({ key: rows.at(-1)?.key, chain: rows.at(-1)?.chain });
    // Once for each entry: on its last row.
    expect(rows.slice(-6).map((row) => row.chain === null)).toEqual([
      true,
      true,
      false,
      false,
      true,
      false,
    ]);
  });

  test('is the same however entries are batched, and after a restart', () => {
    const log = mixedLog();
    log.command(appendBody([1, 2, 3]));
    const [at_once, in_pieces] = [newPath(), newPath()];
    withMachine(at_once, ({ machine }) => applyAll(machine, log.entries));
    for (let through = 1; through <= log.entries.length; through += 7) {
      withMachine(in_pieces, ({ machine }) => {
        applyAll(machine, log.entries.slice(0, through), [1, 3]);
      });
    }
    withMachine(in_pieces, ({ machine }) => applyAll(machine, log.entries));
    expect(dumpTables(in_pieces)['audit_chain']).toEqual(dumpTables(at_once)['audit_chain']);
    expect(auditRows(in_pieces)).toEqual(auditRows(at_once));
  });

  test('an empty audit verifies', async () => {
    const path = newPath();
    withMachine(path, () => undefined);
    expect(await verified(path)).toEqual({
      rows: 0,
      chain: { anchor: CHAIN_START, head: CHAIN_START },
      fault: null,
    });
  });

  test('still verifies when payloads are erased, all or some', async () => {
    const path = writtenState();
    const erase = (where: string): void =>
      changing(path, (database) => {
        database.function('hash_of', { deterministic: true }, (text) => payloadHash(String(text)));
        database.exec(
          `UPDATE audit_logs SET payload_hash = hash_of(payload), payload = NULL
            WHERE payload IS NOT NULL AND ${where}`,
        );
      });
    erase('"key" % 3 = 0');
    expect((await verified(path)).fault).toBeNull();
    erase('true');
    expect(auditRows(path).every((row) => row.payload === null)).toBe(true);
    expect((await verified(path)).fault).toBeNull();
    // And only then: what was erased cannot be made to be something else.
    changing(path, (database) => {
      database.prepare('UPDATE audit_logs SET payload_hash = ?').run(payloadHash('{"forged":1}'));
    });
    expect((await verified(path)).fault?.kind).toBe('broken');
  });

  test('rows from before there was a chain are chained as they are', async () => {
    const path = writtenState();
    const before = auditRows(path).length;
    changing(path, (database) => {
      database.exec(`
        DROP INDEX audit_logs_by_time;
        DROP TABLE audit_chain;
        DROP TABLE audit_sources;
        ALTER TABLE audit_logs DROP COLUMN level;
        ALTER TABLE audit_logs DROP COLUMN payload;
        ALTER TABLE audit_logs DROP COLUMN payload_hash;
        ALTER TABLE audit_logs DROP COLUMN count;
        ALTER TABLE audit_logs DROP COLUMN chain;
        PRAGMA user_version = ${agenda_migrations.length - 2};
      `);
    });
    withMachine(path, ({ machine }) => {
      const log = mixedLog();
      log.command(appendBody([1, 2, 3]));
      log.register('Dora');
      log.command(appendBody([4, 5]));
      log.register('Emil');
      applyAll(machine, log.entries);
    });
    expect(await verified(path)).toMatchObject({ rows: before + 1, fault: null });
  });
});

describe('what somebody did to agenda.db is found', () => {
  test.each([
    ['a request id', `request_id = 'forged'`],
    ['an actor', 'actor_key = 1'],
    ['a payload', `payload = '{"term":99}'`],
    ['a time', 'occurred_at = occurred_at + 1'],
    ['a count', 'count = count + 1'],
    ['a replica', `origin_node = 'agenda-9'`],
    ['a head', `chain = '${'B'.repeat(43)}'`],
    ['a payload that was only thrown away', 'payload = NULL'],
  ])('a changed row: %s', async (_what, set) => {
    const path = writtenState();
    const keys = keysOf(path);
    const at = Math.floor(keys.length / 2);
    changing(path, (database) =>
      database.prepare(`UPDATE audit_logs SET ${set} WHERE "key" = ?`).run(keys[at]),
    );
    expect((await verified(path)).fault).toEqual({
      kind: 'broken',
      key: keys[at],
      after_key: keys[at - 1],
    });
  });

  test('a missing row: the one after it does not follow', async () => {
    const path = writtenState();
    const keys = keysOf(path);
    const at = 10;
    changing(path, (database) =>
      database.prepare('DELETE FROM audit_logs WHERE "key" = ?').run(keys[at]),
    );
    expect((await verified(path)).fault).toEqual({
      kind: 'broken',
      key: keys[at + 1],
      after_key: keys[at - 1],
    });
  });

  test.each([
    [1, 'broken'],
    [2, 'end_missing'],
    [3, 'end_missing'],
    [4, 'broken'],
    [7, 'end_missing'],
  ])(
    'a missing end of %i rows: of whole entries it is the end that is missing',
    async (count, kind) => {
      const path = writtenState();
      const keys = keysOf(path);
      changing(path, (database) =>
        database.prepare('DELETE FROM audit_logs WHERE "key" >= ?').run(keys[keys.length - count]),
      );
      const { fault, chain } = await verified(path);
      expect(fault?.kind).toBe(kind);
      if (kind === 'end_missing') expect(fault?.key).toBe(chain.head.key);
    },
  );

  test('all rows gone', async () => {
    const path = writtenState();
    const keys = keysOf(path);
    changing(path, (database) => database.exec('DELETE FROM audit_logs'));
    expect((await verified(path)).fault).toEqual({
      kind: 'end_missing',
      key: keys.at(-1),
      after_key: 0,
    });
  });

  test('two exchanged rows', async () => {
    const path = writtenState();
    const keys = keysOf(path);
    const [one, other] = [keys[12], keys[20]];
    changing(path, (database) => {
      const move = database.prepare('UPDATE audit_logs SET "key" = ? WHERE "key" = ?');
      move.run(1, one);
      move.run(one, other);
      move.run(other, 1);
    });
    expect((await verified(path)).fault).toEqual({
      kind: 'broken',
      key: one,
      after_key: keys[11],
    });
  });

  test('a row that nobody wrote', async () => {
    const path = writtenState();
    const keys = keysOf(path);
    changing(path, (database) => {
      database.exec(
        `INSERT INTO audit_logs SELECT "key" + 1000, component, action, actor_key, object_key,
           request_id, origin_node, occurred_at, level, payload, payload_hash, count, chain
           FROM audit_logs WHERE "key" = ${keys[5]}`,
      );
    });
    expect((await verified(path)).fault).toMatchObject({ kind: 'broken', after_key: keys[5] });
  });

  test('whatever row it is', async () => {
    const path = writtenState();
    const rows = auditRows(path);
    await assert(
      asyncProperty(nat(rows.length - 1), async (at) => {
        const row = rows[at];
        changing(path, (database) =>
          database.prepare('DELETE FROM audit_logs WHERE "key" = ?').run(row?.key),
        );
        expect((await verified(path)).fault).not.toBeNull();
        changing(path, (database) =>
          database
            .prepare(
              `INSERT INTO audit_logs VALUES (@key, @component, @action, @actor_key, @object_key,
                 @request_id, @origin_node, @occurred_at, @level, @payload, @payload_hash, @count,
                 @chain)`,
            )
            .run(row),
        );
        expect((await verified(path)).fault).toBeNull();
      }),
      { numRuns: 30 },
    );
  });
});

describe('rows are kept 400 days of state time', () => {
  const KEPT_DAYS = limits.audit_kept_ms / DAY_MS;

  test('older entries go as a whole, the anchor stays, and the rest verifies from there', async () => {
    const path = newPath();
    const log = new TestLog();
    const daysLater = (days: number): { at: number } => ({ at: MIDNIGHT + days * DAY_MS });
    log.command(registerBody('Ana'), daysLater(0));
    log.command(
      appendBody([1, 2], {
        events: [
          auditEvent(1, { at: MIDNIGHT + DAY_MS }),
          auditEvent(2, { at: MIDNIGHT + 3 * DAY_MS }),
        ],
      }),
      daysLater(3),
    );
    log.command(registerBody('Ben'), daysLater(5));
    log.command(registerBody('Cleo'), daysLater(KEPT_DAYS + 2));
    withMachine(path, ({ machine }) => applyAll(machine, log.entries));
    // One of the second entry is not old enough, so both stay.
    const kept = auditRows(path);
    expect(kept.map(({ request_id }) => request_id)).toEqual([
      'run-1.1',
      'run-1.2',
      'request-3',
      'request-4',
    ]);
    expect((await verified(path)).chain.anchor.key).toBe(1 * 4096 + 2);
    expect((await verified(path)).fault).toBeNull();

    log.command(registerBody('Dora'), daysLater(KEPT_DAYS + 3));
    withMachine(path, ({ machine }) => applyAll(machine, log.entries));
    expect(auditRows(path).map(({ request_id }) => request_id)).toEqual([
      'request-3',
      'request-4',
      'request-5',
    ]);
    const { chain, fault } = await verified(path);
    expect([chain.anchor.chain, fault]).toEqual([kept[1]?.chain, null]);

    // A first row that is missing is no trim.
    changing(path, (database) =>
      database.exec('DELETE FROM audit_logs WHERE "key" = (SELECT min("key") FROM audit_logs)'),
    );
    expect((await verified(path)).fault?.after_key).toBe(chain.anchor.key);
  });

  test('many that are due go in slices, faster than they can come, on every replica alike', async () => {
    const log = new TestLog();
    const many = limits.audit_batch_events_max;
    for (let batch = 0; batch < 4; batch += 1) {
      const ids = Array.from({ length: many }, (_, at) => batch * many + at + 1);
      log.command(appendBody(ids), { at: MIDNIGHT });
    }
    const late = { at: MIDNIGHT + limits.audit_kept_ms };
    for (const name of ['Ana', 'Ben', 'Cleo']) log.command(registerBody(name), late);
    const [path, other] = [newPath(), newPath()];
    const rows_left: number[] = [];
    withMachine(path, ({ machine }) => {
      applyAll(machine, log.entries.slice(0, 4));
      for (let at = 4; at < log.entries.length; at += 1) {
        applyAll(machine, log.entries.slice(0, at + 1));
        rows_left.push(auditRows(path).length);
      }
    });
    expect(rows_left).toEqual([2 * many + 1, 2, 3]);
    expect((await verified(path)).fault).toBeNull();
    const digests = [path, other].map((one) =>
      withMachine(one, ({ machine }) => {
        applyAll(machine, log.entries, [2, 5]);
        return machine.digest;
      }),
    );
    expect(digests[0]).toBe(digests[1]);
  });
});
